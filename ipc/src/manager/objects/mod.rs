//! The objects that every manager can make, and their proxies.

mod barrier;
mod condition;
mod dict;
mod event;
mod list;
mod lock;
mod namespace;
mod queue;
mod semaphore;
mod set;
mod typed;
mod value;

pub use barrier::{BarrierProxy, BarrierState};
pub use condition::{ConditionProxy, ConditionState, ManagedConditionGuard};
pub use dict::DictProxy;
pub use event::{EventProxy, EventState};
pub use list::ListProxy;
pub use lock::{LockProxy, LockState, ManagedGuard, RLockProxy};
pub use namespace::{Namespace, NamespaceProxy};
pub use queue::{QueueProxy, QueueState};
pub use semaphore::{BoundedSemaphoreProxy, ManagedPermit, SemaphoreProxy, SemaphoreState};
pub use set::SetProxy;
pub use typed::{Item, Key};
pub use value::{Held, ValueProxy};
