//! The re-entrant lock of the thread scope.

use crate::deadline::Deadline;
use crate::primitive::{AtomicU32, Ordering};
use crate::raw::thread_lock::ThreadLock;
use crate::raw::{Health, RawLock, RawReentrant, identity};

/// A lock, and who has it how often.
#[derive(Debug)]
pub struct ThreadRLock {
    lock: ThreadLock,
    /// The owner's number among the threads of this process; 0 for none.
    owner: AtomicU32,
    depth: AtomicU32,
}

impl ThreadRLock {
    #[inline]
    fn sign(&self, health: Health) -> Health {
        // Relaxed: only the owner itself can find its own number here.
        self.owner.store(identity::with(|me| me.number()), Ordering::Relaxed);
        health
    }
}

impl RawLock for ThreadRLock {
    const NEW: Self =
        Self { lock: ThreadLock::NEW, owner: AtomicU32::new(0), depth: AtomicU32::new(0) };

    #[inline]
    fn lock(&self, deadline: Deadline) -> Option<Health> {
        self.lock.lock(deadline).map(|health| self.sign(health))
    }

    #[inline]
    fn try_lock(&self) -> Option<Health> {
        self.lock.try_lock().map(|health| self.sign(health))
    }

    #[inline]
    fn unlock(&self) {
        self.owner.store(0, Ordering::Relaxed);
        self.lock.unlock();
    }

    #[inline]
    fn poison(&self) {
        self.lock.poison();
    }

    fn is_locked(&self) -> bool {
        self.lock.is_locked()
    }

    #[inline]
    fn health(&self) -> Health {
        self.lock.health()
    }

    fn clear_poison(&self) {
        self.lock.clear_poison();
    }
}

impl RawReentrant for ThreadRLock {
    #[inline]
    fn mine(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == identity::with(|me| me.number())
    }

    fn depth(&self) -> &AtomicU32 {
        &self.depth
    }
}
