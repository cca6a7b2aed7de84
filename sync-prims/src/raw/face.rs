//! What the typed primitives ask of the words under them, in either scope.

use core::fmt::Debug;

use crate::deadline::Deadline;
use crate::error::PoisonCause;
use crate::primitive::AtomicU32;

/// Whether what a lock guards is whole.
pub(crate) type Health = Result<(), PoisonCause>;

/// A lock without a value.
pub trait RawLock: Debug + Send + Sync + 'static {
    /// A free lock.
    const NEW: Self;

    /// Takes the lock; `None` if the deadline passed first.
    fn lock(&self, deadline: Deadline) -> Option<Health>;

    /// Takes the lock if that is possible at once.
    fn try_lock(&self) -> Option<Health>;

    /// Gives the lock up, which the calling thread has.
    fn unlock(&self);

    /// Notes a panic of the calling thread, which has the lock.
    fn poison(&self);

    /// Whether anybody has the lock.
    fn is_locked(&self) -> bool;

    /// Whether the lock is poisoned.
    fn health(&self) -> Health;

    /// The same, where nobody else can have the lock.
    fn health_exclusive(&mut self) -> Health {
        self.health()
    }

    /// Takes the poison away.
    fn clear_poison(&self);
}

/// A lock that knows whether the calling thread has it.
pub trait RawReentrant: RawLock {
    /// Whether the calling thread has the lock.
    fn mine(&self) -> bool;

    /// How often its owner has locked it; for the owner alone.
    fn depth(&self) -> &AtomicU32;
}

/// A lock for many readers or one writer, without a value.
pub trait RawRwLock: Debug + Send + Sync + 'static {
    /// A free lock.
    const NEW: Self;

    /// Lets a reader in; `None` if the deadline passed first. Also gives what is to be
    /// handed to `unlock_read`.
    fn read(&self, deadline: Deadline) -> Option<(Health, u32)>;

    /// Lets a reader in if that is possible at once.
    fn try_read(&self) -> Option<(Health, u32)>;

    /// Lets the reader out that got this ticket.
    fn unlock_read(&self, ticket: u32);

    /// Lets a writer in; `None` if the deadline passed first.
    fn write(&self, deadline: Deadline) -> Option<Health>;

    /// Lets a writer in if that is possible at once.
    fn try_write(&self) -> Option<Health>;

    /// Lets the writer out, which is the calling thread.
    fn unlock_write(&self);

    /// Notes a panic of the writer, which is the calling thread.
    fn poison(&self);

    /// Whether the lock is poisoned.
    fn health(&self) -> Health;

    /// The same, where nobody else can have the lock.
    fn health_exclusive(&mut self) -> Health {
        self.health()
    }

    /// Takes the poison away.
    fn clear_poison(&self);
}

/// A flag to wait for.
pub trait RawEvent: Debug + Send + Sync + 'static {
    /// An event that is not set.
    const NEW: Self;

    fn set(&self);
    fn clear(&self);
    fn is_set(&self) -> bool;
    /// Waits; `false` if the deadline passed first.
    fn wait(&self, deadline: Deadline) -> bool;
}

/// How far a condition had come when a waiter announced itself.
#[derive(Clone, Copy, Debug)]
pub struct Announced {
    pub(crate) sequence: u32,
    pub(crate) newcomers: u64,
}

/// Where waiters are told to look at something again.
pub trait RawCondition: Debug + Send + Sync + 'static {
    /// A condition without waiters.
    const NEW: Self;

    /// Announces a waiter, which has the lock. What it gets is for `wait`.
    fn announce(&self) -> Announced;

    /// Waits for a notification, without the lock; `false` if the deadline passed first.
    fn wait(&self, announced: Announced, deadline: Deadline) -> bool;

    /// Wakes up to `count` waiters.
    fn notify(&self, count: usize);
}

#[cold]
pub(crate) fn endless_wait_ended() -> ! {
    panic!("a wait without a deadline came to one: the witness of this memory broke its promise");
}
