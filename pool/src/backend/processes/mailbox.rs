//! What the supervisor is told by its own process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipc::{Sender, Untyped};

use super::job::ProcessJob;
use super::wire::Report;
use crate::call::{CallId, Ticket};
use crate::error::TaskError;

#[derive(Debug)]
pub(super) enum Letter {
    Submit {
        ticket: Ticket<dyn ProcessJob>,
        chunk: usize,
    },
    /// The worker in this seat is gone, and what it held is released.
    Ended {
        seat: usize,
    },
    /// Nobody wants what comes of the call.
    Cancel {
        call: CallId,
    },
    Close,
    Terminate,
}

/// Letters to the supervisor. Posting one never waits.
#[derive(Debug)]
pub(super) struct Mailbox {
    letters: Mutex<Letters>,
    /// The supervisor was told to look, and has not looked since.
    announced: AtomicBool,
    bell: Sender<Untyped>,
}

#[derive(Debug)]
enum Letters {
    Unread(Vec<Letter>),
    /// Nobody reads them any more; this is what becomes of calls.
    Shut(TaskError),
}

impl Mailbox {
    pub(super) fn new(bell: Sender<Untyped>) -> Mailbox {
        let letters = Mutex::new(Letters::Unread(Vec::new()));
        Mailbox { letters, announced: AtomicBool::new(false), bell }
    }

    pub(super) fn post(&self, letter: Letter) {
        let mut letters = self.lock();
        let verdict = match &mut *letters {
            Letters::Unread(unread) => {
                unread.push(letter);
                drop(letters);
                return self.announce();
            }
            Letters::Shut(verdict) => verdict.clone(),
        };
        drop(letters);
        if let Letter::Submit { ticket, .. } = letter {
            ticket.end(verdict);
        }
    }

    fn announce(&self) {
        // AcqRel pairs with the swap in `read`: either that one comes later and sees the letter, or
        // this one sees that the supervisor has looked, and tells it again.
        if !self.announced.swap(true, Ordering::AcqRel) {
            // If there is no room there are messages, and after each the supervisor looks.
            let _ = self.bell.try_send_with(|message| message.put(&Report::Look));
        }
    }

    /// Takes the letters out.
    pub(super) fn read(&self) -> Vec<Letter> {
        // Most often there are none. Acquire and AcqRel pair with the swap in `announce`.
        if !self.announced.load(Ordering::Acquire) || !self.announced.swap(false, Ordering::AcqRel)
        {
            return Vec::new();
        }
        match &mut *self.lock() {
            Letters::Unread(unread) => std::mem::take(unread),
            Letters::Shut(_) => Vec::new(),
        }
    }

    /// From now on nobody reads letters.
    pub(super) fn shut(&self, verdict: &TaskError) {
        let shut = Letters::Shut(verdict.clone());
        let unread = std::mem::replace(&mut *self.lock(), shut);
        if let Letters::Unread(unread) = unread {
            for letter in unread {
                if let Letter::Submit { ticket, .. } = letter {
                    ticket.end(verdict.clone());
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
