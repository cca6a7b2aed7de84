//! The children of this process that have not been reaped, and the one place that reaps them.
//!
//! A child passes three points: it *ends* (the kernel says so, and its status can be looked at),
//! what it held is *swept*, and then it is *settled*: reaped, its status kept in its record. Whoever
//! sees the end first, a thread that waits for it or the keeper thread of `ipc`, does all that; a
//! second one finds it done. It is reaped in one place, after the sweep, so a process id is free
//! only after nothing of the child is left, and every thread that asks gets the answer from the
//! same record.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use ipc::rendezvous::{self, Guest, Refusal};

use crate::sentinel::Sentinel;
use crate::stdio::OurEnds;
use crate::sys::end::Reference;
use crate::sys::fate::{Fate, Signal};

static CHILDREN: Mutex<BTreeMap<u64, Arc<Child>>> = Mutex::new(BTreeMap::new());

/// One child.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) daemon: bool,
    /// The process that started it.
    parent: u32,
    /// What the exit of this process has to wait for.
    duty: Mutex<Duty>,
    /// Its key among the children, in the order they were started.
    serial: u64,
    /// Its end.
    pub(crate) sentinel: Sentinel,
    /// Its place in the program; set before anybody can wait.
    guest: OnceLock<Guest>,
    stage: Mutex<Stage>,
    settled: Condvar,
    /// Our ends of its pipes, for as long as there is a handle.
    streams: Mutex<OurEnds>,
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
        reference: Reference,
        name: String,
        daemon: bool,
        on_end: Option<OnEnd>,
    ) -> (Arc<Self>, Settler) {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let child = Arc::new(Self {
            id,
            name,
            daemon,
            parent: process::id(),
            duty: Mutex::new(Duty::End),
            serial: SERIAL.fetch_add(1, Relaxed),
            sentinel: Sentinel(reference),
            guest: OnceLock::new(),
            stage: Mutex::new(Stage::Running),
            settled: Condvar::new(),
            streams: Mutex::default(),
        });
        children().insert(child.serial, Arc::clone(&child));
        (Arc::clone(&child), Settler { child, on_end })
    }

    /// Whether this process started it, and not one that this is a fork of.
    pub(crate) fn is_ours(&self) -> bool {
        self.parent == process::id()
    }

    /// How it ended, if it has; waits for nothing.
    pub(crate) fn fate(&self) -> Option<Fate> {
        let mut stage = self.stage();
        if let Stage::Running = *stage {
            // Not settled, so not reaped: the kernel still knows. If it cannot say, it is "not
            // yet", and the settler will find out.
            *stage = self.sentinel.0.look().ok().flatten().map_or(Stage::Running, Stage::Ended);
        }
        match *stage {
            Stage::Running => None,
            Stage::Ended(fate) | Stage::Settled(fate) => Some(fate),
        }
    }

    /// It has joined the ranks of those whose end is noticed.
    pub(crate) fn set_guest(&self, guest: Guest) {
        // Set once: a child is started once.
        let _ = self.guest.set(guest);
    }

    /// Why it would not run its function, if it said so.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.guest.get()?.refusal()
    }

    /// Sleeps until the child is settled.
    pub(crate) fn settled(&self) -> Fate {
        // Woken by the kernel and not by the keeper, a thread is on its way two switches earlier.
        if self.sentinel.0.wait(None).is_ok() {
            return self.settle_at_last();
        }
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
        match self.sentinel.0.wait(Some(deadline)) {
            Ok(false) => None,
            Ok(true) => self.settle().or_else(|| self.settled_by_the_settler(deadline)),
            // Who has been told that it has ended must not be told that it runs.
            Err(_) => self.fate().map(|_| self.settled()),
        }
    }

    fn settled_by_the_settler(&self, deadline: Instant) -> Option<Fate> {
        let mut stage = self.stage();
        loop {
            if let Stage::Settled(fate) = *stage {
                return Some(fate);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let woken = self.settled.wait_timeout(stage, left);
            stage = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Settles the child, which has ended, unless that is done. None if the kernel does not say yet how it ended, because a
    /// debugger is to be told first.
    fn settle(&self) -> Option<Fate> {
        if let Stage::Settled(fate) = *self.stage() {
            return Some(fate);
        }
        if let Some(guest) = self.guest.get() {
            guest.sweep();
        }
        // Reaped under the lock: a look finds a child that the kernel knows, or one that is
        // settled.
        let mut stage = self.stage();
        let fate = match *stage {
            Stage::Settled(fate) => return Some(fate),
            Stage::Ended(fate) => {
                let _ = self.sentinel.0.reap();
                fate
            }
            Stage::Running => self.sentinel.0.reap().unwrap_or(Some(Fate::Unknown))?,
        };
        *stage = Stage::Settled(fate);
        drop(stage);
        children().remove(&self.serial);
        self.settled.notify_all();
        Some(fate)
    }

    /// The same; waits for the debugger.
    fn settle_at_last(&self) -> Fate {
        loop {
            if let Some(fate) = self.settle() {
                return fate;
            }
            self.sentinel.0.wait_for_status();
        }
    }

    /// Asks it, or tells it, to end. No error if it has.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        self.sentinel.0.signal(signal)
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

    /// Our ends of its pipes.
    pub(crate) fn streams(&self) -> MutexGuard<'_, OurEnds> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes them, and does not wait for another thread that just does it, or did when this process forked.
    pub(crate) fn close_streams(&self) {
        if let Ok(mut streams) = self.streams.try_lock() {
            *streams = OurEnds::default();
        }
    }

    fn duty(&self) -> MutexGuard<'_, Duty> {
        self.duty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For somebody else to watch it by.
    pub(crate) fn another_reference(&self) -> io::Result<rendezvous::Sentinel> {
        self.sentinel.0.try_clone()
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
    pub(crate) fn settle(self) {
        if self.child.settle().is_some() {
            return self.finish();
        }
        // The keeper has others to look after: it waits for a debugger only where there can be no thread that does.
        let settler = Arc::new(Mutex::new(Some(self)));
        let theirs = Arc::clone(&settler);
        let finish = move |settler: &Mutex<Option<Self>>| {
            let settler = settler.lock().unwrap_or_else(PoisonError::into_inner).take();
            settler.into_iter().for_each(Self::finish);
        };
        let thread = thread::Builder::new().name("tandem-debugged".to_owned());
        if thread.spawn(move || finish(&theirs)).is_err() {
            finish(&settler);
        }
    }

    fn finish(mut self) {
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
        if !child.sentinel.0.has_ended().unwrap_or(false) {
            // Nobody would ever tell of its end: it could not be watched, so it must not run.
            let _ = child.signal(Signal::Kill);
        }
        let _ = child.sentinel.0.wait(None);
        child.settle_at_last();
    }
}

/// Every child that is not settled, oldest first.
pub(crate) fn all() -> Vec<Arc<Child>> {
    children().values().cloned().collect()
}

/// Keeps the children as they are while this process forks.
pub(crate) fn hold() -> Held {
    Held(children())
}

/// See [`hold`].
pub(crate) struct Held(MutexGuard<'static, BTreeMap<u64, Arc<Child>>>);

impl Held {
    /// In the fork: none of them is its own.
    pub(crate) fn forget(mut self) {
        std::mem::forget(std::mem::take(&mut *self.0));
    }
}

fn children() -> MutexGuard<'static, BTreeMap<u64, Arc<Child>>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}
