//! What the victims and the survivors meet around.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::sync::mpsc::{self, Sender};

use sync_prims::process::{Barrier, Condition, Event, Lock, RLock, RwLock, Semaphore};

use crate::stepping::{self, Performance, Survivor, Tracee};
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
    keeper: Option<Keeper>,
    check: Option<Check>,
}

/// A thread that keeps something from the victim until it is told to let go. Whoever leads the victim cannot do
/// that: it may need what the victim has got where that is stopped.
pub struct Keeper {
    let_go: Option<Sender<()>>,
    through: Survivor<()>,
}

impl Keeper {
    /// Returns when it has what it takes.
    pub fn of<G>(
        take: impl FnOnce() -> G + Send + 'static,
        let_go: impl FnOnce(G) + Send + 'static,
    ) -> Self {
        let (has, had) = mpsc::channel();
        let (sender, told) = mpsc::channel();
        let through = Survivor::started_in(move || {
            let kept = take();
            has.send(()).expect("the stage waits for this");
            // Told by the end of the other side.
            let _ = told.recv();
            let_go(kept);
        });
        had.recv().expect("it has taken what it keeps");
        Self { let_go: Some(sender), through }
    }

    /// One that has nothing, and does something instead.
    pub fn doing(what: impl FnOnce() + Send + 'static) -> Self {
        Self::of(|| {}, |()| what())
    }
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
        Self { operation: Box::new(operation), keeper: None, check: None }
    }

    pub fn unblocked_by(mut self, keeper: Keeper) -> Self {
        self.keeper = Some(keeper);
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
        self.stage.keeper.as_mut().and_then(|keeper| keeper.let_go.take()).is_some()
    }

    fn die(mut self, _: bool) -> Result<(), String> {
        let pid = self.tracee.pid();
        // Returns when the kernel has cleaned up after it.
        self.child.kill_and_wait();
        tell_of_a_death();
        self.unblock();
        let keeper = self.stage.keeper.take();
        keeper.map_or(Ok(()), |keeper| keeper.through.soon("who unblocks it"))?;
        self.stage.check.take().map_or(Ok(()), |check| check(pid))
    }
}
