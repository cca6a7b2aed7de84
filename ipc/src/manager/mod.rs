//! Managers: a server that runs functions on objects. `README.md` in this folder tells how.

mod error;
mod front;
mod function;
mod host;
mod lease;
mod line;
mod link;
mod managed;
mod objects;
mod plain;
mod protocol;
mod proxy;
mod server;

pub use error::{ManagerError, PutError, RemotePanic, TakeError};
pub use front::Manager;
pub use function::{Changes, Client as ManagerClient, Method, Reads};
pub use host::{Catch, Host};
pub use managed::{Managed, Typed};
pub use objects::{
    BarrierProxy, BarrierState, BoundedSemaphoreProxy, ConditionProxy, ConditionState, DictProxy,
    EventProxy, EventState, Held, Item, Key, ListProxy, LockProxy, LockState,
    ManagedConditionGuard, ManagedGuard, ManagedPermit, Namespace, NamespaceProxy, QueueProxy,
    QueueState, RLockProxy, SemaphoreProxy, SemaphoreState, SetProxy, ValueProxy,
};
pub use proxy::Proxy;
pub use server::Server;
