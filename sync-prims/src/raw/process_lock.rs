//! The lock of the process scope: a robust word, its owner's token, and the poison.
#![expect(unsafe_code, reason = "links itself into the thread's robust list")]

use core::time::Duration;

use crate::deadline::Deadline;
use crate::error::PoisonCause;
use crate::futex::robust::{Head, LINKED_MARK, OWNER, OWNER_DIED, WAITERS};
use crate::primitive::{AtomicU32, Ordering, compiler_fence};
use crate::raw::identity::{self, Me, process_of};
use crate::raw::registry;
use crate::raw::robust::{Node, Taken};
use crate::raw::{Health, RawLock, RawReentrant};

/// Set in the second word of the node: a panic. Above [`PID_SHIFT`] it holds the number of the
/// process that died; the bits between belong to the list.
const PANICKED: u32 = 1;
const PID_SHIFT: u32 = 8;
const POISON: u32 = PANICKED | u32::MAX << PID_SHIFT;

const _: () = assert!(POISON & LINKED_MARK == 0);

/// A robust word with the token of its owner (0: nobody had the guard) and its poison.
#[repr(transparent)]
#[derive(Debug)]
pub struct ProcessLock {
    node: Node,
}

/// How long to wait for a lock.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    Now,
    Until(Deadline),
}

impl Patience {
    pub(crate) fn deadline(self) -> Deadline {
        match self {
            Self::Now => Deadline::after(Duration::ZERO),
            Self::Until(deadline) => deadline,
        }
    }
}

impl RawLock for ProcessLock {
    const NEW: Self = Self { node: Node::NEW };

    #[inline]
    fn lock(&self, deadline: Deadline) -> Option<Health> {
        self.acquire(Patience::Until(deadline), true).then(|| self.health())
    }

    #[inline]
    fn try_lock(&self) -> Option<Health> {
        self.acquire(Patience::Now, true).then(|| self.health())
    }

    #[inline]
    fn unlock(&self) {
        identity::known(|me| {
            if !self.node.word().owned_by(me) {
                // A forked child has a copy of its parent's guard, but not the lock.
                return;
            }
            // What was written under the lock stays before the next line, whichever instruction this
            // thread dies at. SeqCst: pairs with the fence in `sign`.
            compiler_fence(Ordering::SeqCst);
            // From here on the data is whole, and a death is no news to anybody.
            self.node.token.store(0, Ordering::Relaxed);
            self.give_up(me, 0);
        });
    }

    #[cold]
    fn poison(&self) {
        // A forked child may panic with a copy of its parent's guard.
        if identity::with(|me| self.node.word().owned_by(me)) && self.health().is_ok() {
            self.ledger().fetch_or(PANICKED, Ordering::Relaxed);
        }
    }

    fn is_locked(&self) -> bool {
        let word = self.node.word().settled();
        word & OWNER != 0
            || (word & OWNER_DIED != 0 && self.node.token.load(Ordering::Relaxed) != 0)
    }

    #[inline]
    fn health(&self) -> Health {
        // Relaxed: written under the lock, by whoever had it before.
        match self.ledger().load(Ordering::Relaxed) & POISON {
            0 => Ok(()),
            PANICKED => Err(PoisonCause::Panicked),
            poison => Err(PoisonCause::OwnerDied { pid: poison >> PID_SHIFT }),
        }
    }

    fn health_exclusive(&mut self) -> Health {
        let word = self.node.word().settled();
        let token = self.node.token.load(Ordering::Relaxed);
        if word & OWNER_DIED != 0 && token != 0 {
            let pid = self.node.owner_pid.load(Ordering::Relaxed);
            return Err(PoisonCause::OwnerDied { pid });
        }
        self.health()
    }

    fn clear_poison(&self) {
        self.ledger().fetch_and(!POISON, Ordering::Relaxed);
    }
}

impl ProcessLock {
    fn ledger(&self) -> &AtomicU32 {
        self.node.second()
    }

    /// Nobody has the lock, and no dead owner has left it.
    #[inline]
    pub(crate) fn is_free(&self) -> bool {
        // SeqCst: where the caller has one side of a bargain, it says with whom.
        self.node.word().0.load(Ordering::SeqCst) & !WAITERS == 0
    }

    /// Takes the lock without being reported if this thread dies with it.
    #[inline]
    pub(crate) fn acquire_unsigned(&self, patience: Patience) -> bool {
        self.acquire(patience, false)
    }

    /// After [`acquire_unsigned`](Self::acquire_unsigned): from now on a death is reported.
    #[inline]
    pub(crate) fn sign_now(&self) {
        identity::with(|me| self.sign(me, self.token(me)));
    }

    /// What this thread signs with.
    #[inline]
    fn token(&self, me: &Me) -> u64 {
        match me.place(self.node.address()).token {
            0 => me.stray_token(),
            token => token,
        }
    }

    #[inline]
    fn acquire(&self, patience: Patience, signed: bool) -> bool {
        identity::with(|me| {
            let token = me.place(self.node.address()).token;
            match me.head() {
                Some(head) if token != 0 => {
                    self.acquire_linked(me, head, if signed { token } else { 0 }, patience)
                }
                _ => self.acquire_alone(me, patience, signed),
            }
        })
    }

    #[inline]
    fn acquire_linked(&self, me: &Me, head: &Head, sign: u64, patience: Patience) -> bool {
        let notes = me.notes();
        notes.ensure_room();
        head.begin(self.node.address());
        let taken = if self.node.word().try_take(me) {
            Some(Taken::Free)
        } else {
            match patience {
                Patience::Now => self.node.word().try_take_any(me, || true),
                Patience::Until(deadline) => self.node.word().take_contended(me, deadline, || true),
            }
        };
        let Some(taken) = taken else {
            head.done();
            return false;
        };
        if taken == Taken::Free && sign != 0 {
            self.sign(me, sign);
        }
        notes.add(self.node.address());
        // SAFETY: the word is ours, so the node is on no list: an owner unlinks before it
        // releases, and the list of a dead one is gone. It lies in registered memory, which
        // stays until `guard_held_in` has seen the note go.
        unsafe { self.node.link(head) };
        head.done();
        taken == Taken::Free || self.inherit(me, sign, patience.deadline())
    }

    /// Writes down the owner, so that a death from here on is reported.
    #[inline]
    fn sign(&self, me: &Me, token: u64) {
        self.node.owner_pid.store(me.pid(), Ordering::Relaxed);
        // Release: whoever sees the token sees the number beside it.
        self.node.token.store(token, Ordering::Release);
        // What is written under the lock stays behind that, whichever instruction this thread dies
        // at. SeqCst: pairs with the fence in `unlock`.
        compiler_fence(Ordering::SeqCst);
    }

    /// Makes a dead owner's lock, which this thread has taken, its own; `false` if that was not
    /// possible in time, and the lock has been given back as it was.
    #[cold]
    fn inherit(&self, me: &Me, sign: u64, deadline: Deadline) -> bool {
        let theirs = self.node.token.load(Ordering::Acquire);
        if theirs != 0 {
            // The thread is dead, but another one of its process may be in a system call that
            // writes to the data, or have borrowed it from a guard that was leaked.
            let give_back = GiveBack { lock: self, me };
            let gone = registry::witness(self.node.address())
                .is_some_and(|witness| witness.wait_gone(process_of(theirs), deadline));
            if !gone {
                return false;
            }
            core::mem::forget(give_back);
            // In this order: until the token is ours, a death makes the next one start anew.
            let pid = self.node.owner_pid.load(Ordering::Relaxed);
            let rest = self.ledger().load(Ordering::Relaxed) & !POISON;
            self.ledger().store(rest | pid << PID_SHIFT, Ordering::Relaxed);
        }
        self.sign(me, sign);
        true
    }

    /// Without recovery: in memory that may go away while a forgotten guard is in it.
    #[cold]
    fn acquire_alone(&self, me: &Me, patience: Patience, signed: bool) -> bool {
        // Only in a registered range can anybody tell whether a dead owner's process is gone.
        let accept = || self.node.token.load(Ordering::Acquire) == 0;
        let taken = self.node.word().try_take(me)
            || match patience {
                Patience::Now => self.node.word().try_take_any(me, accept),
                Patience::Until(deadline) => self.node.word().take_contended(me, deadline, accept),
            }
            .is_some();
        if taken {
            self.node.reset_links();
            if signed {
                self.sign(me, me.stray_token());
            }
        }
        taken
    }

    /// Unlinks and releases.
    #[inline]
    fn give_up(&self, me: &Me, state: u32) {
        match me.head() {
            Some(head) if self.node.linked() => {
                head.begin(self.node.address());
                // SAFETY: this thread owns the word and has linked it, or it would not be linked.
                unsafe { self.node.unlink(head) };
                me.strike(self.node.address());
                self.node.word().release(me, state);
                head.done();
            }
            _ => self.node.word().release(me, state),
        }
    }
}

impl RawReentrant for ProcessLock {
    fn mine(&self) -> bool {
        identity::with(|me| {
            // Relaxed: nobody but this thread writes this token, and it is gone when it unlocks.
            self.node.token.load(Ordering::Relaxed) == self.token(me)
        })
    }

    fn depth(&self) -> &AtomicU32 {
        &self.node.depth
    }
}

/// Gives a dead owner's lock back for the next one to try, also when the witness panics.
struct GiveBack<'a> {
    lock: &'a ProcessLock,
    me: &'a Me,
}

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        self.lock.give_up(self.me, OWNER_DIED);
    }
}
