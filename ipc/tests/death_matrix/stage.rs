//! Where the victims and the survivors meet.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::time::Duration;

use ipc::{Queue, Usage, usage};
use proc_spawn::{Call, CapturesNothing, Process};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::stepping::{self, Performance, Survivor, Tracee, ensure, led, until_others_sleep};

type Check = Box<dyn FnOnce(&Death) -> Result<(), String>>;

/// An operation with its circumstances.
#[derive(Clone)]
pub struct Scenario {
    pub name: &'static str,
    pub set: fn() -> Stage,
}

/// A scenario that is ready to be played once.
pub struct Stage {
    victim: Death,
    unblock: Option<Box<dyn FnOnce() + Send>>,
    check: Option<Check>,
}

/// A victim, before and after it was killed.
pub struct Death {
    child: Process,
    /// It was through with its operation.
    pub finished: bool,
}

impl Death {
    /// Returns when the kernel and this program have cleaned up after it.
    pub fn join(&self) {
        self.child.wait();
    }
}

/// A scenario with its child.
pub struct Play {
    stage: Stage,
    tracee: Tracee,
    before: Usage,
    unblocker: Option<Survivor<()>>,
}

/// What a victim does. It has its things at hand already, and has done the like before.
pub fn perform<R>(operation: impl FnOnce() -> R) {
    let queue = Queue::bounded(1).unwrap();
    queue.put(vec![0u8; 1000]).unwrap();
    queue.get().unwrap();
    // The thread that notices the end of others is there from now on.
    queue.get_timeout(Duration::from_nanos(1)).unwrap_err();
    drop(queue);
    until_others_sleep();
    perform_anew(operation);
}

/// The same by one that never did anything before.
pub fn perform_anew<R>(operation: impl FnOnce() -> R) {
    let _result = led(operation);
}

/// A stage with a victim of the calling thread's, which performs something.
pub fn victim<F, A, M>(operation: F, args: A) -> Stage
where
    F: Call<A, M, Output = ()> + CapturesNothing,
    A: Serialize + DeserializeOwned + 'static,
    M: 'static,
{
    // Bytes are copied and cleared by instructions that do more than one of them.
    let tunables = "glibc.cpu.x86_rep_movsb_threshold=1000000000:\
                    glibc.cpu.x86_rep_stosb_threshold=1000000000";
    let child = Process::builder().env("GLIBC_TUNABLES", tunables).spawn(operation, args);
    let victim = Death { child: child.expect("a victim"), finished: false };
    Stage { victim, unblock: None, check: None }
}

impl Stage {
    pub fn unblocked_by(mut self, unblock: impl FnOnce() + Send + 'static) -> Self {
        self.unblock = Some(Box::new(unblock));
        self
    }

    /// What has to hold as soon as the victim was killed. It lets go of all that the stage was set with.
    pub fn then(mut self, check: impl FnOnce(&Death) -> Result<(), String> + 'static) -> Self {
        self.check = Some(Box::new(check));
        self
    }
}

impl stepping::Scenario for Scenario {
    type Performance = Play;

    fn name(&self) -> &str {
        self.name
    }

    fn begin(&self) -> Play {
        let before = usage().expect("a program");
        let stage = (self.set)();
        Play { tracee: Tracee::stopped(stage.victim.child.id()), stage, before, unblocker: None }
    }
}

impl Performance for Play {
    fn tracee(&mut self) -> &mut Tracee {
        &mut self.tracee
    }

    fn unblock(&mut self) -> bool {
        // On a thread of its own: it may need what the victim has got where that is stopped.
        let Some(unblock) = self.stage.unblock.take() else { return false };
        self.unblocker = Some(Survivor::started_in(unblock));
        true
    }

    fn die(mut self, finished: bool) -> Result<(), String> {
        self.stage.victim.finished = finished;
        self.stage.victim.child.kill().expect("killed");
        self.unblock();
        let unblocked = self.unblocker.take().map_or(Ok(()), |it| it.soon("who unblocks it"));
        let checked = self.stage.check.take().map_or(Ok(()), |check| check(&self.stage.victim));
        let Death { child, .. } = self.stage.victim;
        ensure(child.join().is_err(), "it was not killed")?;
        unblocked.and(checked)?;
        let after = usage().expect("a program");
        ensure(after == self.before, &format!("{:?} became {after:?}", self.before))
    }
}
