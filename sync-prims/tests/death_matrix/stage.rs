//! What the victims and the survivors meet around.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use sync_prims::process::{Barrier, Condition, Event, Lock, RLock, RwLock, Semaphore};

use crate::stepping::{self, Performance, Tracee};
use crate::support::arena::{Arena, tell_of_a_death};
use crate::support::sys::child::{self, Child};

/// One of everything, in shared memory; the pairs are equal whenever nobody is at them.
pub struct Things {
    pub lock: Lock<[u64; 2]>,
    pub rlock: RLock<()>,
    pub rwlock: RwLock<[u64; 2]>,
    pub event: Event,
    pub condition: Condition,
    pub semaphore: Semaphore,
    pub barrier: Barrier,
}

type Check = Box<dyn FnOnce(u32) -> Result<(), String>>;

/// A scenario that is ready to be played once.
pub struct Stage {
    operation: Box<dyn Fn()>,
    unblock: Option<Box<dyn FnOnce()>>,
    check: Option<Check>,
}

/// An operation with its circumstances.
pub struct Scenario {
    pub name: &'static str,
    pub set: fn(&'static Things) -> Stage,
}

/// With the child that performs the operation.
pub struct Play {
    child: Child,
    tracee: Tracee,
    stage: Stage,
}

impl stepping::Scenario for Scenario {
    type Performance = Play;

    fn name(&self) -> &str {
        self.name
    }

    fn begin(&self) -> Play {
        // Nobody is left of the last performance, but what it leaked is not used again.
        let stage = (self.set)(Arena::shared().place(Things {
            lock: Lock::new([0; 2]),
            rlock: RLock::new(()),
            rwlock: RwLock::new([0; 2]),
            event: Event::new(),
            condition: Condition::new(),
            semaphore: Semaphore::new(2),
            barrier: Barrier::new(2),
        }));
        let child = child::child(|| {
            stepping::led(|| (stage.operation)());
            child::die();
        });
        Play { tracee: Tracee::stopped(child.pid()), child, stage }
    }
}

impl Stage {
    pub fn new(operation: impl Fn() + 'static) -> Self {
        Self { operation: Box::new(operation), unblock: None, check: None }
    }

    pub fn unblocked_by(mut self, unblock: impl FnOnce() + 'static) -> Self {
        self.unblock = Some(Box::new(unblock));
        self
    }

    pub fn then(mut self, check: impl FnOnce(u32) -> Result<(), String> + 'static) -> Self {
        self.check = Some(Box::new(check));
        self
    }
}

impl Performance for Play {
    fn tracee(&mut self) -> &mut Tracee {
        &mut self.tracee
    }

    fn unblock(&mut self) -> bool {
        self.stage.unblock.take().map(|unblock| unblock()).is_some()
    }

    fn die(mut self, _: bool) -> Result<(), String> {
        let pid = self.tracee.pid();
        // Returns when the kernel has cleaned up after it.
        self.child.kill_and_wait();
        tell_of_a_death();
        self.unblock();
        self.stage.check.take().map_or(Ok(()), |check| check(pid))
    }
}
