//! What the victims and the survivors meet around.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::sync::atomic::AtomicU32;

use sync_prims::process::{Barrier, Condition, Event, Lock, RLock, RwLock, Semaphore};

use crate::support::arena::Arena;

/// One of everything, in shared memory; the pairs are equal whenever nobody is at them.
pub struct Things {
    pub lock: Lock<[u64; 2]>,
    pub rlock: RLock<()>,
    pub rwlock: RwLock<[u64; 2]>,
    pub event: Event,
    pub condition: Condition,
    pub semaphore: Semaphore,
    pub barrier: Barrier,
    pub done: AtomicU32,
}

type Check = Box<dyn FnOnce(u32) -> Result<(), String>>;

/// A scenario that is ready to be played once.
pub struct Stage {
    things: &'static Things,
    operation: Box<dyn Fn()>,
    unblock: Option<Box<dyn FnOnce()>>,
    check: Option<Check>,
}

/// An operation with its circumstances.
pub struct Scenario {
    pub name: &'static str,
    pub set: fn(&'static Things) -> Stage,
}

impl Scenario {
    pub fn stage(&self) -> Stage {
        // Nobody is left of the last performance, but what it leaked is not used again.
        (self.set)(Arena::shared().place(Things {
            lock: Lock::new([0; 2]),
            rlock: RLock::new(()),
            rwlock: RwLock::new([0; 2]),
            event: Event::new(),
            condition: Condition::new(),
            semaphore: Semaphore::new(2),
            barrier: Barrier::new(2),
            done: AtomicU32::new(0),
        }))
    }
}

impl Stage {
    pub fn new(things: &'static Things, operation: impl Fn() + 'static) -> Self {
        Self { things, operation: Box::new(operation), unblock: None, check: None }
    }

    pub fn unblocked_by(mut self, unblock: impl FnOnce() + 'static) -> Self {
        self.unblock = Some(Box::new(unblock));
        self
    }

    pub fn then(mut self, check: impl FnOnce(u32) -> Result<(), String> + 'static) -> Self {
        self.check = Some(Box::new(check));
        self
    }

    pub fn operation(&self) -> &dyn Fn() {
        &self.operation
    }

    pub fn done(&self) -> &'static AtomicU32 {
        &self.things.done
    }

    /// Lets the victim have what it waits for; `false` if it has had that already.
    pub fn unblock(&mut self) -> bool {
        self.unblock.take().map(|unblock| unblock()).is_some()
    }

    pub fn check(mut self, pid: u32) -> Result<(), String> {
        self.check.take().map_or(Ok(()), |check| check(pid))
    }
}
