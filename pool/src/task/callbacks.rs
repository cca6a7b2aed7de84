//! The thread that calls the user's callbacks, so that nobody who looks after workers waits for one.

use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::host::Callback;
use crate::call::call_quietly;

/// Calls callbacks one after the other, on a thread of their own.
pub(crate) struct Callbacks {
    /// The pool's name.
    name: String,
    state: Mutex<State>,
}

enum State {
    /// There was none yet.
    None,
    Called {
        sender: mpsc::Sender<Callback>,
        thread: JoinHandle<()>,
    },
    /// The pool has ended.
    Over,
}

impl Callbacks {
    pub(crate) fn new(name: String) -> Callbacks {
        Callbacks { name, state: Mutex::new(State::None) }
    }

    /// Has it called; here, where there can be no thread any more.
    pub(crate) fn defer(&self, callback: Callback) {
        if let Err(callback) = self.hand_over(callback) {
            call_quietly(callback);
        }
    }

    /// Waits until all callbacks have been called.
    pub(crate) fn finish(&self) {
        let state = std::mem::replace(&mut *self.lock(), State::Over);
        if let State::Called { sender, thread } = state {
            drop(sender);
            // A pool that is dropped by a callback does not wait for it.
            if thread.thread().id() != thread::current().id() {
                // It catches what panics in it.
                let _ = thread.join();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the callback to the thread, or gives it back.
    fn hand_over(&self, callback: Callback) -> Result<(), Callback> {
        let mut state = self.lock();
        if let State::None = *state {
            let (sender, receiver) = mpsc::channel::<Callback>();
            let call_all = move || receiver.into_iter().for_each(call_quietly);
            let thread = thread::Builder::new().name(format!("{}-callbacks", self.name));
            match thread.spawn(call_all) {
                Ok(thread) => *state = State::Called { sender, thread },
                Err(_) => return Err(callback),
            }
        }
        match &*state {
            State::Called { sender, .. } => sender.send(callback).map_err(|unsent| unsent.0),
            _ => Err(callback),
        }
    }
}
