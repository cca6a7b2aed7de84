#![doc = include_str!("../README.md")]
// Models have the files that they try, on a ground of their own: see `tests/loom`.
#![cfg(not(loom))]

mod auth;
mod channel;
mod endpoint;
pub mod entry;
mod error;
mod greeting;
mod handle;
mod heap;
#[cfg(test)]
mod hostile;
mod inherited;
mod list;
mod listener;
mod manager;
mod message;
mod named;
mod owned;
mod pipe;
mod place;
mod process;
mod program;
mod queue;
pub mod rendezvous;
mod ring;
mod shared;
mod shared_word;
mod sleep;
mod spin;
mod sys;
pub mod transport;
mod wait;

/// Messages in the heap, before they are sent and after they are received.
pub mod parcel {
    pub use crate::message::{Decoder, Encoder, Parcel};
}

pub use auth::AuthKey;
pub use channel::{Receiver, Sender, Untyped, channel};
/// What the macros expand to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use serde;
}

pub use error::{DecodeError, EncodeError, RecvError, SendError, TaskDoneTooOften};
pub use heap::{ProcessId, Usage};
#[doc(hidden)]
pub use inherited::InheritedKey;
pub use inherited::{authkey, set_authkey};
/// # Examples
///
/// ```
/// use ipc::{Manager, ManagerError};
/// use proc_spawn::Thread;
///
/// struct Counter(u64);
///
/// #[ipc::managed]
/// impl Counter {
///     fn new(start: u64) -> Counter {
///         Counter(start)
///     }
///
///     fn add(&mut self, number: u64) -> Result<u64, String> {
///         self.0 = self.0.checked_add(number).ok_or("too much")?;
///         Ok(self.0)
///     }
/// }
///
/// let manager = Manager::start::<Thread>()?;
/// let counter: CounterProxy = manager.create::<Counter>(40)?;
/// assert_eq!(counter.add(2)?, Ok(42));
/// assert_eq!(counter.add(u64::MAX)?, Err("too much".to_owned()));
/// # Ok::<(), ManagerError>(())
/// ```
pub use ipc_macros::managed;
pub use list::{ListError, ShareableList, ShareableValue};
pub use listener::{Address, Client, Listener};
pub use manager::{
    BarrierProxy, BarrierState, BoundedSemaphoreProxy, ConditionProxy, ConditionState, DictProxy,
    EventProxy, EventState, Held, Item, Key, ListProxy, LockProxy, LockState,
    ManagedConditionGuard, ManagedGuard, ManagedPermit, Namespace, NamespaceProxy, QueueProxy,
    QueueState, RLockProxy, SemaphoreProxy, SemaphoreState, SetProxy, ValueProxy,
};
pub use manager::{
    Catch, Changes, Host, Managed, Manager, ManagerClient, ManagerError, Method, Proxy, PutError,
    Reads, RemotePanic, Server, TakeError, Typed,
};
pub use named::SharedMemory;
pub use owned::Owned;
pub use pipe::{Connection, RecvHalf, SendHalf, pipe};
pub use place::Place;
pub use program::usage;
pub use queue::Queue;
pub use shared::{Array, Shared, Value};
pub use wait::{Source, Waitable, wait};
