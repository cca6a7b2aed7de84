//! The children of this process that have not been reaped, and the one place that reaps them.
//!
//! A child passes three points: it *ends* (the kernel says so, and its status can be looked at),
//! what it held is *swept* (by the keeper thread of `ipc`), and then it is *settled*: reaped, its
//! status kept in its record. Only [`Settler`] reaps, so a process id is free only after nothing of
//! the child is left, and every thread that asks gets the answer from the same record.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::sys::Descriptor;
use crate::sys::end::{Fate, Pidfd, Signal};

static CHILDREN: Mutex<BTreeMap<u64, Arc<Child>>> = Mutex::new(BTreeMap::new());

/// One child.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) daemon: bool,
    /// What the exit of this process has to wait for.
    duty: Mutex<Duty>,
    /// Its key among the children, in the order they were started.
    serial: u64,
    pidfd: Pidfd,
    stage: Mutex<Stage>,
    settled: Condvar,
}

/// What the exit of a process owes to a child.
enum Duty {
    /// To wait for its end.
    End,
    /// To wait until it has come to its guard, by this call. It is on its own then; one that has
    /// not come so far goes down with its parent, for nobody would know of its end.
    Begin(Box<dyn FnOnce() + Send>),
    /// Nothing.
    Nothing,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Running,
    Ended(Fate),
    Settled(Fate),
}

/// What the user wants done once a child is settled.
pub(crate) type OnEnd = Box<dyn FnOnce() + Send>;

/// Settles a child, at the latest when it is dropped, wherever that is: nobody waits for ever.
pub(crate) struct Settler {
    child: Arc<Child>,
    on_end: Option<OnEnd>,
}

impl Child {
    /// Takes down a process that was just started. The [`Settler`] is to be told once it is swept.
    pub(crate) fn record(
        id: u32,
        pidfd: Pidfd,
        name: String,
        daemon: bool,
        on_end: Option<OnEnd>,
    ) -> (Arc<Self>, Settler) {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let child = Arc::new(Self {
            id,
            name,
            daemon,
            duty: Mutex::new(Duty::End),
            serial: SERIAL.fetch_add(1, Relaxed),
            pidfd,
            stage: Mutex::new(Stage::Running),
            settled: Condvar::new(),
        });
        children().insert(child.serial, Arc::clone(&child));
        (Arc::clone(&child), Settler { child, on_end })
    }

    /// How it ended, if it has; waits for nothing.
    pub(crate) fn fate(&self) -> Option<Fate> {
        let mut stage = self.stage();
        if let Stage::Running = *stage {
            // Not settled, so not reaped: the kernel still knows. If it cannot say, it is "not
            // yet", and the settler will find out.
            *stage = self.pidfd.look().ok().flatten().map_or(Stage::Running, Stage::Ended);
        }
        match *stage {
            Stage::Running => None,
            Stage::Ended(fate) | Stage::Settled(fate) => Some(fate),
        }
    }

    /// Sleeps until the child is settled.
    pub(crate) fn settled(&self) -> Fate {
        let mut stage = self.stage();
        loop {
            if let Stage::Settled(fate) = *stage {
                return fate;
            }
            stage = self.settled.wait(stage).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sleeps until the child is settled, or until the deadline if it has not ended by then.
    pub(crate) fn settled_by(&self, deadline: Instant) -> Option<Fate> {
        let mut stage = self.stage();
        loop {
            if let Stage::Settled(fate) = *stage {
                return Some(fate);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.settled.wait_timeout(stage, left);
            stage = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(stage);
        // Who has been told that it has ended must not be told that it runs.
        self.fate().map(|_| self.settled())
    }

    /// Asks it, or tells it, to end. No error if it has.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        self.pidfd.signal(signal)
    }

    /// From now on nobody waits for its end.
    pub(crate) fn detach(&self, wait_for_begin: impl FnOnce() + Send + 'static) {
        *self.duty() = Duty::Begin(Box::new(wait_for_begin));
    }

    /// Waits for what the exit of this process has to wait for.
    pub(crate) fn fulfil_duty(&self) {
        let duty = std::mem::replace(&mut *self.duty(), Duty::Nothing);
        match duty {
            Duty::Begin(wait) if !self.daemon => wait(),
            Duty::Nothing => {}
            _ => drop(self.settled()),
        }
    }

    fn duty(&self) -> MutexGuard<'_, Duty> {
        self.duty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For somebody else to watch it by.
    pub(crate) fn another_pidfd(&self) -> io::Result<Descriptor> {
        self.pidfd.try_clone()
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::End => "End",
            Self::Begin(_) => "Begin",
            Self::Nothing => "Nothing",
        })
    }
}

impl Settler {
    /// Settles the child: it has ended, and what it held is swept. Does not wait.
    pub(crate) fn settle(mut self) {
        let on_end = self.on_end.take();
        drop(self);
        // The keeper has others to look after: a panic of the user's must not end it.
        let call = || on_end.into_iter().for_each(|f| f());
        panic::catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(std::mem::forget);
    }
}

impl Drop for Settler {
    fn drop(&mut self) {
        let child = &self.child;
        if !child.pidfd.has_ended().unwrap_or(false) {
            // Nobody would ever tell of its end: it could not be watched, so it must not run.
            let _ = child.signal(Signal::Kill);
        }
        let _ = child.pidfd.wait(None);
        children().remove(&child.serial);
        // Reaped under the lock: a look finds a child that the kernel knows, or one that is
        // settled.
        let mut stage = child.stage();
        let reaped = child.pidfd.reap();
        *stage = Stage::Settled(match *stage {
            Stage::Ended(fate) | Stage::Settled(fate) => fate,
            Stage::Running => reaped.ok().flatten().unwrap_or(Fate::Unknown),
        });
        child.settled.notify_all();
    }
}

/// Every child that is not settled, oldest first.
pub(crate) fn all() -> Vec<Arc<Child>> {
    children().values().cloned().collect()
}

fn children() -> MutexGuard<'static, BTreeMap<u64, Arc<Child>>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}
