//! The end of a call, and who waits for it.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use super::chunk::CallId;
use super::quiet::call_quietly;
use crate::error::TaskError;

/// The end of a call.
#[derive(Default)]
pub(crate) struct End {
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

    /// Sleeps until it has come.
    pub(crate) fn wait(&self) {
        let mut state = self.lock();
        while state.verdict.is_none() {
            state = self.come.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The same, until the deadline if there is one. Says whether it has come.
    pub(crate) fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let Some(deadline) = deadline else {
            self.wait();
            return true;
        };
        let mut state = self.lock();
        while state.verdict.is_none() {
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
