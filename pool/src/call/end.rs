//! The end of a call, and who waits for it.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};
use std::{fmt, hint};

use super::chunk::CallId;
use super::quiet::call_quietly;
use crate::error::TaskError;

/// As long as a thread looks for an end before it sleeps: about what it takes to be woken.
const LOOK: Duration = Duration::from_micros(50);
/// A wait that takes no longer, with a sleep in it, is over by then if the thread looks.
const SHORT: Duration = Duration::from_micros(100);
/// Looks between two looks at the clock.
const TURNS: u32 = 16;

thread_local! {
    /// Whether the last wait of this thread took no longer.
    static WAS_SHORT: Cell<bool> = const { Cell::new(true) };
}

/// The end of a call.
#[derive(Default)]
pub(crate) struct End {
    /// Whether whoever waits looks for it first.
    looks: bool,
    /// For those who look again and again.
    over: AtomicBool,
    state: Mutex<State>,
    come: Condvar,
}

#[derive(Default)]
struct State {
    /// What an item has that got no result of its own; there once the end has come.
    verdict: Option<TaskError>,
    /// Whatever the items came to, this is what the call came to.
    cancelled: bool,
    /// Which of its pool's calls it is the end of, once the pool has taken it on.
    call: Option<CallId>,
    /// Told when the end comes.
    then: Vec<Box<dyn FnOnce() + Send>>,
    /// Woken when the end comes.
    waker: Option<Waker>,
}

impl End {
    /// `looks`: news of it comes from far away, so that whoever waits had better look for it first.
    pub(super) fn new(looks: bool) -> End {
        End { looks, ..End::default() }
    }

    /// It has come. Only the first such word counts.
    pub(super) fn set(&self, verdict: TaskError) {
        self.come(verdict, false);
    }

    /// It has come by somebody's wish. Says whether it had not come before.
    pub(super) fn cancel(&self) -> bool {
        self.come(TaskError::Cancelled, true)
    }

    fn come(&self, verdict: TaskError, cancelled: bool) -> bool {
        let mut state = self.lock();
        if state.verdict.is_some() {
            return false;
        }
        state.verdict = Some(verdict);
        state.cancelled = cancelled;
        // Relaxed: whoever sees it reads the rest under the lock.
        self.over.store(true, Relaxed);
        let (then, waker) = (std::mem::take(&mut state.then), state.waker.take());
        drop(state);
        self.come.notify_all();
        then.into_iter().for_each(call_quietly);
        if let Some(waker) = waker {
            // The code of an executor of the user's.
            call_quietly(|| waker.wake());
        }
        true
    }

    /// The pool takes the call on, under this name. Says whether it has ended already: then
    /// the pool must not. Whoever brings the end later finds the name.
    pub(super) fn place(&self, call: CallId) -> bool {
        let mut state = self.lock();
        state.call = Some(call);
        state.verdict.is_some()
    }

    /// Which of its pool's calls it is the end of, if the pool has taken it on.
    pub(crate) fn call(&self) -> Option<CallId> {
        self.lock().call
    }

    /// What an item has that got no result of its own.
    pub(crate) fn verdict(&self) -> TaskError {
        self.lock().verdict.clone().unwrap_or(TaskError::Cancelled)
    }

    pub(crate) fn has_come(&self) -> bool {
        self.lock().verdict.is_some()
    }

    /// Whether the call was cancelled, which outweighs any result.
    pub(crate) fn was_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Has `f` called when it comes, on the thread that brings it; or now, if it has come. It must
    /// not wait for anything.
    pub(crate) fn then(&self, f: Box<dyn FnOnce() + Send>) {
        let mut state = self.lock();
        if state.verdict.is_none() {
            return state.then.push(f);
        }
        drop(state);
        call_quietly(f);
    }

    /// Has the waker woken when it comes, instead of the one before. Says whether it has come.
    pub(crate) fn wake(&self, waker: &Waker) -> bool {
        let mut state = self.lock();
        let has_come = state.verdict.is_some();
        let mut before = None;
        if !has_come && !state.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            before = state.waker.replace(waker.clone());
        }
        drop(state);
        drop(before);
        has_come
    }

    /// Sleeps until it has come. Before that it looks for it, where that is worth while and the last wait of
    /// this thread was a short one.
    pub(crate) fn wait(&self) {
        self.wait_until(None);
    }

    /// The same, until the deadline if there is one. Says whether it has come.
    pub(crate) fn wait_until(&self, deadline: Option<Instant>) -> bool {
        if !self.looks {
            return self.sleep_until(deadline);
        }
        let begun = Instant::now();
        if WAS_SHORT.get() {
            let until = begun + LOOK;
            self.look_until(deadline.map_or(until, |deadline| until.min(deadline)));
        }
        let has_come = self.sleep_until(deadline);
        WAS_SHORT.set(begun.elapsed() < SHORT);
        has_come
    }

    fn look_until(&self, until: Instant) {
        let mut turns = 0_u32;
        // Relaxed: the rest is read under the lock.
        while !self.over.load(Relaxed) {
            turns += 1;
            if turns.is_multiple_of(TURNS) && Instant::now() >= until {
                return;
            }
            hint::spin_loop();
        }
    }

    fn sleep_until(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.lock();
        while state.verdict.is_none() {
            let Some(deadline) = deadline else {
                state = self.come.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.come.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("End").field("has_come", &self.has_come()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::sync::Barrier;
    use std::thread;

    use super::End;
    use crate::error::TaskError;

    #[test]
    fn who_waits_sees_the_end_whenever_it_comes() {
        for (pause, looks) in (0..400).map(|n| (n * 50, n % 2 == 0)) {
            let (end, begin) = (End::new(looks), Barrier::new(2));
            thread::scope(|scope| {
                scope.spawn(|| {
                    begin.wait();
                    black_box((0..pause).fold(0, |sum, n| black_box(sum ^ n)));
                    end.set(TaskError::Closed);
                });
                begin.wait();
                end.wait();
                assert_eq!(end.verdict(), TaskError::Closed);
            });
        }
    }
}
