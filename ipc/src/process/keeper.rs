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
use std::time::Duration;

use super::life::{Life, Teller};
use super::sweep::sweep;
use crate::heap::{Entry, Heap, ProcessId, State};
use crate::sleep::SLICE;
use crate::sys::descriptor::AsDescriptor;
use crate::sys::life::{Doorbell, Sentinel};
use crate::sys::line::Ours;
use crate::sys::readiness::readable;

/// Called on the keeper's thread. Must not block: nobody else's end is noticed meanwhile.
pub(crate) type OnEnd = Box<dyn FnOnce() + Send>;

/// Somebody to watch.
pub(crate) struct Ward {
    pub(crate) id: ProcessId,
    pub(crate) sentinel: Sentinel,
    /// Hangs up when the process execs, which the sentinel does not tell; at its end it hangs up a little
    /// before the sentinel is ready.
    pub(crate) line: Option<Arc<Ours>>,
    pub(crate) on_end: Option<OnEnd>,
    /// It can touch nothing of the program any more and was swept; its end is still to come.
    pub(crate) swept: bool,
}

#[derive(Default)]
struct Inbox {
    wards: Vec<Ward>,
    on_parent_end: Option<OnEnd>,
}

/// The keeper of this process. Its thread starts when it is first needed.
pub(crate) struct Keeper {
    heap: Arc<Heap>,
    life: Life,
    me: ProcessId,
    parent: Option<ProcessId>,
    inbox: Mutex<Inbox>,
    /// Changed under the lock of the inbox.
    running: AtomicBool,
    doorbell: Doorbell,
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
        let life = Life::new(Arc::clone(&heap), me);
        Ok(Keeper {
            heap,
            life,
            me,
            parent,
            inbox: Mutex::default(),
            running: AtomicBool::new(false),
            doorbell: Doorbell::new()?,
        })
    }

    /// Watches a process that this one started.
    pub(crate) fn watch(self: &Arc<Self>, ward: Ward) -> io::Result<()> {
        self.start()?;
        self.inbox().wards.push(ward);
        self.doorbell.ring();
        Ok(())
    }

    /// Calls `f` when the parent that started this process is gone.
    pub(crate) fn on_parent_end(self: &Arc<Self>, f: OnEnd) -> io::Result<()> {
        self.ensure()?;
        self.inbox().on_parent_end = Some(f);
        self.doorbell.ring();
        Ok(())
    }

    /// From now on this process notices the end of others. Whoever waits for something that only
    /// others of the program can bring about, be it by looking again and again, calls this first.
    pub(crate) fn ensure(self: &Arc<Self>) -> io::Result<()> {
        // A first process that has started nobody is alone. Relaxed: only says that somebody has
        // started the thread, which finds out all by itself.
        let needless = self.parent.is_none() || self.running.load(Ordering::Relaxed);
        if needless { Ok(()) } else { self.start() }
    }

    #[cold]
    fn start(self: &Arc<Self>) -> io::Result<()> {
        let _inbox = self.inbox();
        if !self.running.load(Ordering::Relaxed) {
            let keeper = Arc::clone(self);
            std::thread::Builder::new()
                .name("tandem-keeper".into())
                .stack_size(256 << 10)
                .spawn(move || Watch::new(keeper).run())?;
            self.running.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sweep(&self, dead: ProcessId) {
        sweep(&self.heap, self.me, dead);
    }
}

/// What the keeper's thread knows; nobody else touches it.
struct Watch {
    keeper: Arc<Keeper>,
    wards: Vec<Ward>,
    guardian: Option<(ProcessId, Sentinel)>,
    on_parent_end: Option<OnEnd>,
    parent_ended: bool,
}

impl Watch {
    fn new(keeper: Arc<Keeper>) -> Watch {
        Watch {
            keeper,
            wards: Vec::new(),
            guardian: None,
            on_parent_end: None,
            parent_ended: false,
        }
    }

    fn run(mut self) {
        let _teller = Teller::new();
        self.keeper.heap.set_keeps(self.keeper.me);
        let mut changed = true;
        loop {
            self.take_inbox();
            // Somebody it could not watch for want of a descriptor is tried again at the next event, or soon.
            if changed {
                changed = self.look_around().is_err();
            }
            if self.parent_ended {
                self.on_parent_end.take().into_iter().for_each(|f| f());
            }
            changed |= self.sleep(changed.then_some(SLICE));
        }
    }

    fn take_inbox(&mut self) {
        let mut inbox = self.keeper.inbox();
        self.wards.append(&mut inbox.wards);
        if let Some(f) = inbox.on_parent_end.take() {
            self.on_parent_end = Some(f);
        }
    }

    /// Sleeps until an event, or for `limit`; tells whether somebody has ended. Those are swept.
    fn sleep(&mut self, limit: Option<Duration>) -> bool {
        let mut all = vec![self.keeper.doorbell.descriptor()];
        all.extend(self.guardian.iter().map(|(_, sentinel)| sentinel.descriptor()));
        let guardians = all.len();
        all.extend(self.wards.iter().map(|ward| ward.sentinel.descriptor()));
        all.extend(self.wards.iter().filter_map(|ward| ward.line.as_ref()?.hang_up()));
        // It fails if the system has no memory for it. Then only the doorbell is heard, which nobody may ring
        // any more, and so not for long: nobody's end is lost, only late.
        let ready = readable(&all, limit).or_else(|_| readable(&all[..1], Some(SLICE)));
        let mut ready = ready.unwrap_or_default();
        ready.resize(all.len(), false);
        self.keeper.doorbell.clear();

        let guardian_ended = guardians > 1 && ready[1];
        let count = self.wards.len();
        let (ended, mut lines) = (&ready[guardians..][..count], ready[guardians + count..].iter());
        let hung_up: Vec<bool> = self
            .wards
            .iter()
            .map(|ward| ward.can_hang_up() && lines.next() == Some(&true))
            .collect();
        let mut swept = guardian_ended;
        for index in (0..count).rev() {
            let ward = &mut self.wards[index];
            if hung_up[index] && ward.line.take().is_some() {
                // It has come to its end, or to an exec; or it only closed its end of the line.
                let gone = self.keeper.life.is_gone(ward.id).unwrap_or(false);
                swept |= ward.sweep_if(gone, &self.keeper);
            }
            if ended[index] {
                let mut ward = self.wards.swap_remove(index);
                swept |= ward.sweep_if(true, &self.keeper);
                ward.on_end.take().into_iter().for_each(|f| f());
            }
        }
        if guardian_ended {
            self.end_guardian();
        }
        swept
    }

    fn end_guardian(&mut self) {
        if let Some((guardian, _)) = self.guardian.take() {
            self.keeper.sweep(guardian);
            self.parent_ended |= self.keeper.parent == Some(guardian);
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
                self.guardian = None;
                if let Some(id) = guardian {
                    match self.keeper.life.watch(id) {
                        Ok(Some(sentinel)) => self.guardian = Some((id, sentinel)),
                        Ok(None) => {
                            self.keeper.sweep(id);
                            self.parent_ended |= self.keeper.parent == Some(id);
                            continue;
                        }
                        Err(error) => watches_guardian = Err(error),
                    }
                }
            }
            // Swept by somebody else before this process could watch it.
            self.parent_ended |= self.keeper.parent.is_some() && self.keeper.parent != guardian;
            return watches_guardian.and(self.adopt(&everybody));
        }
    }

    /// Watches those whose guardian this process has become.
    fn adopt(&mut self, everybody: &[Entry]) -> io::Result<()> {
        let mut watches_all = Ok(());
        for entry in everybody {
            let mine = guardian_of(entry, everybody) == Some(self.keeper.me);
            let joined = entry.state == State::Joined;
            if mine && joined && self.wards.iter().all(|ward| ward.id != entry.id) {
                match self.keeper.life.watch(entry.id) {
                    Ok(Some(sentinel)) => {
                        let (line, on_end) = (None, None);
                        let id = entry.id;
                        self.wards.push(Ward { id, sentinel, line, on_end, swept: false });
                    }
                    Ok(None) => self.keeper.sweep(entry.id),
                    Err(error) => watches_all = Err(error),
                }
            }
        }
        watches_all
    }
}

impl Ward {
    fn can_hang_up(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.hang_up().is_some())
    }

    /// Sweeps it if it is gone and was not swept yet; tells whether it did.
    fn sweep_if(&mut self, gone: bool, keeper: &Keeper) -> bool {
        let sweep = gone && !self.swept;
        if sweep {
            keeper.sweep(self.id);
            self.swept = true;
        }
        sweep
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
