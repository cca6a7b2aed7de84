//! The keeper: one thread of each process that sleeps until a process it answers for has ended.
//!
//! Everybody is watched by somebody. A process watches those whose guardian it is, and its own
//! guardian. The guardian is the parent; of a process without one (the root, and the children of
//! the dead) it is the eldest such process that has a keeper: the one with the lowest place in the
//! table. When a process ends, its guardian and its wards wake, whoever comes first sweeps it, its
//! children become its parent's, and all of them look anew whom they have to watch.
//!
//! A process that neither starts others nor waits for anybody needs no keeper, and a thread costs
//! as much as a good part of a short life; so the keeper starts with the first of these. That loses no
//! end: whoever has started another has a keeper and watches it; a guardian that is elected has one;
//! and a new keeper first says in the table that it is there and then looks around, finding all
//! who ended before it, so of two that start at once one at least sees the other.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::life::{Life, Teller};
use super::sweep::sweep;
use super::wards::{Event, OnEnd, Ward, Wards};
use crate::heap::{Entry, Heap, ProcessId, State};
use crate::sleep::SLICE;
use crate::sys::fork;
use crate::sys::life::Sentinel;
use crate::sys::line;

/// The keeper of this process. Its thread starts when it is first needed.
pub(crate) struct Keeper {
    heap: Arc<Heap>,
    life: Life,
    me: ProcessId,
    parent: Option<ProcessId>,
    wards: Wards,
    /// Changed under the lock.
    running: AtomicBool,
    starting: Mutex<()>,
    parent_end: Mutex<ParentEnd>,
}

/// The end of the parent that started this process.
#[derive(Default)]
enum ParentEnd {
    #[default]
    ToCome,
    Awaited(OnEnd),
    Over,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("me", &self.me).finish_non_exhaustive()
    }
}

impl Keeper {
    pub(crate) fn new(
        heap: Arc<Heap>,
        me: ProcessId,
        parent: Option<ProcessId>,
    ) -> io::Result<Keeper> {
        Ok(Keeper {
            life: Life::new(Arc::clone(&heap), me),
            heap,
            me,
            parent,
            wards: Wards::new()?,
            running: AtomicBool::new(false),
            starting: Mutex::default(),
            parent_end: Mutex::default(),
        })
    }

    /// Watches a process that this one started.
    pub(crate) fn watch(self: &Arc<Self>, ward: Ward) -> io::Result<()> {
        self.start()?;
        self.wards.watch(ward)
    }

    /// Calls `f` when the parent that started this process is gone: on the keeper's thread, or at once if it is.
    pub(crate) fn on_parent_end(self: &Arc<Self>, f: OnEnd) -> io::Result<()> {
        self.start()?;
        let mut end = self.parent_end();
        if let ParentEnd::Over = *end {
            drop(end);
            f();
        } else {
            let before = std::mem::replace(&mut *end, ParentEnd::Awaited(f));
            drop(end);
            drop(before);
        }
        Ok(())
    }

    /// From now on this process notices the end of others. Whoever waits for something that only
    /// others of the program can bring about, be it by looking again and again, calls this first.
    pub(crate) fn ensure(self: &Arc<Self>) -> io::Result<()> {
        // A first process that has started nobody is alone.
        if self.parent.is_none() { Ok(()) } else { self.start() }
    }

    fn start(self: &Arc<Self>) -> io::Result<()> {
        if fork::forked() {
            // The wards, and what they are waited for by, are the parent's.
            return Err(io::ErrorKind::Unsupported.into());
        }
        // Relaxed: only says that somebody has started the thread, which finds out all by itself.
        if self.running.load(Ordering::Relaxed) { Ok(()) } else { self.start_thread() }
    }

    #[cold]
    fn start_thread(self: &Arc<Self>) -> io::Result<()> {
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.running.load(Ordering::Relaxed) {
            let watch = Watch { keeper: Arc::clone(self), guardian: None };
            thread::Builder::new()
                .name("tandem-keeper".into())
                .stack_size(256 << 10)
                .spawn(move || watch.run())?;
            self.running.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn parent_end(&self) -> MutexGuard<'_, ParentEnd> {
        self.parent_end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_parent(&self) {
        let end = std::mem::replace(&mut *self.parent_end(), ParentEnd::Over);
        if let ParentEnd::Awaited(f) = end {
            f();
        }
    }

    fn sweep(&self, dead: ProcessId) {
        sweep(&self.heap, self.me, dead);
    }
}

/// What the keeper's thread knows; nobody else touches it.
struct Watch {
    keeper: Arc<Keeper>,
    guardian: Option<(ProcessId, Sentinel)>,
}

impl Watch {
    fn run(mut self) {
        let _teller = Teller::new();
        self.keeper.heap.set_keeps(self.keeper.me);
        let mut changed = true;
        loop {
            // Somebody it could not watch for want of a descriptor is tried again at the next event, or soon.
            if changed {
                changed = self.look_around().is_err();
            }
            changed |= self.sleep(changed.then_some(SLICE));
        }
    }

    /// Sleeps until an event, or for `limit`; tells whether somebody has ended. Those are swept.
    fn sleep(&mut self, limit: Option<Duration>) -> bool {
        let Ok(events) = self.wards().wait(limit) else {
            // sleep: the system has no memory to wait for them; nobody's end is lost, only late.
            thread::sleep(SLICE);
            return false;
        };
        let mut swept = false;
        for event in events {
            swept |= match event {
                Event::GuardianEnded(guardian) => self.end_guardian(guardian),
                Event::GuardianHungUp(guardian) => self.hang_up_guardian(guardian),
                Event::HungUp(ward) => self.hang_up(ward),
                Event::Ended(ward) => self.end(ward),
            };
        }
        swept
    }

    fn wards(&self) -> &Wards {
        &self.keeper.wards
    }

    fn end(&self, id: ProcessId) -> bool {
        let Some(ward) = self.wards().take(id) else { return false };
        if !ward.swept {
            self.keeper.sweep(id);
        }
        ward.on_end.into_iter().for_each(|f| f());
        !ward.swept
    }

    /// It has come to its end, or to an exec; or it only closed its end of the line.
    fn hang_up(&self, id: ProcessId) -> bool {
        self.wards().leave_line(id);
        let gone = self.keeper.life.is_gone(id).unwrap_or(false);
        if gone {
            self.keeper.sweep(id);
            self.wards().note_swept(id);
        }
        gone
    }

    /// As [`hang_up`](Self::hang_up), for the parent.
    fn hang_up_guardian(&mut self, guardian: ProcessId) -> bool {
        self.wards().leave_parents_line();
        self.keeper.life.is_gone(guardian).unwrap_or(false) && self.end_guardian(guardian)
    }

    fn end_guardian(&mut self, guardian: ProcessId) -> bool {
        if self.guardian.as_ref().map(|(id, _)| *id) != Some(guardian) {
            return false;
        }
        self.leave_guardian();
        self.keeper.sweep(guardian);
        if self.keeper.parent == Some(guardian) {
            self.keeper.end_parent();
        }
        true
    }

    fn leave_guardian(&mut self) {
        if let Some((_, sentinel)) = self.guardian.take() {
            self.wards().leave_guardian(&sentinel);
            self.wards().leave_parents_line();
        }
    }

    /// Finds out whom this process has to watch now. Who cannot be watched keeps it from nobody else.
    fn look_around(&mut self) -> io::Result<()> {
        loop {
            let mut watches_guardian = Ok(());
            let everybody = self.keeper.heap.processes();
            let me = self.keeper.me;
            let guardian = everybody.iter().find(|entry| entry.id == me);
            let guardian = guardian.and_then(|entry| guardian_of(entry, &everybody));
            if guardian != self.guardian.as_ref().map(|(id, _)| *id) {
                self.leave_guardian();
                if let Some(id) = guardian {
                    match self.keeper.life.watch(id) {
                        Ok(Some(sentinel)) => watches_guardian = self.obey(id, sentinel),
                        Ok(None) => {
                            self.keeper.sweep(id);
                            continue;
                        }
                        Err(error) => watches_guardian = Err(error),
                    }
                }
            }
            if self.keeper.parent.is_some() && self.keeper.parent != guardian {
                // Swept, be it by somebody else before this process could watch it.
                self.keeper.end_parent();
            }
            let (swept, watches_all) = self.adopt(&everybody);
            if swept {
                // The children of who is gone may be this process's now.
                continue;
            }
            return watches_guardian.and(watches_all);
        }
    }

    fn obey(&mut self, guardian: ProcessId, sentinel: Sentinel) -> io::Result<()> {
        let line = if self.keeper.parent == Some(guardian) { line::hang_up() } else { None };
        self.wards().watch_guardian(guardian, &sentinel, line)?;
        self.guardian = Some((guardian, sentinel));
        Ok(())
    }

    /// Watches those whose guardian this process has become. Tells whether one was gone, and is swept.
    fn adopt(&self, everybody: &[Entry]) -> (bool, io::Result<()>) {
        let mut watches_all = Ok(());
        let mut gone = false;
        for entry in everybody {
            let mine = guardian_of(entry, everybody) == Some(self.keeper.me);
            let joined = entry.state == State::Joined;
            let id = entry.id;
            if mine && joined && !self.wards().contain(id) {
                let (line, on_end, swept) = (None, None, false);
                match self.keeper.life.watch(id) {
                    Ok(Some(sentinel)) => {
                        let ward = Ward { id, sentinel, line, on_end, swept };
                        watches_all = watches_all.and(self.wards().adopt(ward));
                    }
                    Ok(None) => {
                        self.keeper.sweep(id);
                        gone = true;
                    }
                    Err(error) => watches_all = Err(error),
                }
            }
        }
        (gone, watches_all)
    }
}

/// The parent, or the eldest of those who have none but have a keeper.
fn guardian_of(entry: &Entry, everybody: &[Entry]) -> Option<ProcessId> {
    entry.parent.or_else(|| {
        everybody
            .iter()
            .find(|other| {
                other.parent.is_none()
                    && other.state == State::Joined
                    && other.keeps
                    && other.id != entry.id
            })
            .map(|eldest| eldest.id)
    })
}
