//! The threads that run calls. One of them leads: it alone takes requests, and runs what is quick itself.
//! Before it runs what may take long it resigns, and another leads. So a quick call costs no change of
//! threads, and no call, however long, keeps others waiting; there are as many threads as calls that take
//! long at a time, and a few.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::core::Core;

/// So many threads wait for their turn to lead; more end.
const SPARE: usize = 4;

#[derive(Default)]
pub(super) struct Crew {
    roll: Mutex<Roll>,
    called: Condvar,
}

#[derive(Default)]
struct Roll {
    led: bool,
    waiting: usize,
    /// How many threads there are.
    threads: usize,
    /// How many of them are in code of the user's.
    out: usize,
    ended: bool,
}

/// A thread's part in it.
pub(super) struct Lead {
    leads: bool,
}

impl Crew {
    fn roll(&self) -> MutexGuard<'_, Roll> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody leads. `None` if this thread is not needed any more.
    fn lead(&self) -> Option<Lead> {
        let mut roll = self.roll();
        if roll.led && roll.waiting >= SPARE {
            return None;
        }
        roll.waiting += 1;
        while roll.led && !roll.ended {
            roll = self.called.wait(roll).unwrap_or_else(PoisonError::into_inner);
        }
        roll.waiting -= 1;
        if roll.ended {
            return None;
        }
        roll.led = true;
        Some(Lead { leads: true })
    }

    /// How many threads are in code of the user's.
    #[cfg(test)]
    pub(super) fn out(&self) -> usize {
        self.roll().out
    }

    /// Nobody leads any more, and all end.
    pub(super) fn end(&self) {
        self.roll().ended = true;
        self.called.notify_all();
    }

    /// Waits until all threads have ended but those that are in code of the user's.
    pub(super) fn wait_for_end(&self) {
        let mut roll = self.roll();
        while roll.threads > roll.out {
            roll = self.called.wait(roll).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Lead {
    /// Lets another thread lead.
    pub(super) fn resign(&mut self, core: &Arc<Core>) {
        if !self.leads {
            return;
        }
        self.leads = false;
        let mut roll = core.crew.roll();
        roll.led = false;
        if roll.ended {
            return;
        }
        if roll.waiting > 0 {
            core.crew.called.notify_one();
        } else {
            drop(roll);
            // Without one, whoever is done first leads next.
            let _ = enlist(core);
        }
    }
}

/// One thread more.
pub(super) fn enlist(core: &Arc<Core>) -> std::io::Result<()> {
    let core = Arc::clone(core);
    let crew = Arc::clone(&core.crew);
    crew.roll().threads += 1;
    let leaving = Leaving(Arc::clone(&crew));
    let work = move || {
        let leaving = leaving;
        while let Some(mut lead) = crew.lead() {
            while lead.leads && core.serve_one(&mut lead) {}
            if lead.leads {
                crew.end();
            }
        }
        drop(core);
        drop(leaving);
    };
    thread::Builder::new().name("tandem-manager".into()).spawn(work).map(drop)
}

/// Takes a thread off the roll when it ends, or could not begin.
struct Leaving(Arc<Crew>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.roll().threads -= 1;
        self.0.called.notify_all();
    }
}

/// A thread is in code of the user's as long as this is there: when the server ends, nobody waits for that.
pub(super) struct Outing(Arc<Crew>);

impl Outing {
    pub(super) fn new(crew: &Arc<Crew>) -> Outing {
        let mut roll = crew.roll();
        roll.out += 1;
        if roll.ended {
            crew.called.notify_all();
        }
        drop(roll);
        Outing(Arc::clone(crew))
    }
}

impl Drop for Outing {
    fn drop(&mut self) {
        self.0.roll().out -= 1;
    }
}
