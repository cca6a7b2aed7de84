//! What tasks keep of a pool of processes.

use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::mailbox::{Letter, Mailbox};
use crate::call::{Job, call_quietly};
use crate::task::{Callback, Host};

pub(super) struct ProcessHost {
    mailbox: Arc<Mailbox>,
    name: String,
    callbacks: Mutex<Callbacks>,
}

/// The thread that calls the user's callbacks, so that the supervisor never waits for one.
enum Callbacks {
    /// There was none yet.
    None,
    Called {
        sender: mpsc::Sender<Callback>,
        thread: JoinHandle<()>,
    },
    /// The pool has ended.
    Over,
}

impl ProcessHost {
    pub(super) fn new(mailbox: Arc<Mailbox>, name: String) -> ProcessHost {
        ProcessHost { mailbox, name, callbacks: Mutex::new(Callbacks::None) }
    }

    /// Waits until all callbacks have been called.
    pub(super) fn finish(&self) {
        let callbacks = std::mem::replace(&mut *self.lock(), Callbacks::Over);
        if let Callbacks::Called { sender, thread } = callbacks {
            drop(sender);
            // A pool that is dropped by a callback does not wait for it.
            if thread.thread().id() != thread::current().id() {
                // It catches what panics in it.
                let _ = thread.join();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Callbacks> {
        self.callbacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the callback to the thread, or gives it back.
    fn hand_over(&self, callback: Callback) -> Result<(), Callback> {
        let mut callbacks = self.lock();
        if let Callbacks::None = *callbacks {
            let (sender, receiver) = mpsc::channel::<Callback>();
            let call_all = move || receiver.into_iter().for_each(call_quietly);
            let thread = thread::Builder::new().name(format!("{}-callbacks", self.name));
            match thread.spawn(call_all) {
                Ok(thread) => *callbacks = Callbacks::Called { sender, thread },
                Err(_) => return Err(callback),
            }
        }
        match &*callbacks {
            Callbacks::Called { sender, .. } => sender.send(callback).map_err(|unsent| unsent.0),
            _ => Err(callback),
        }
    }
}

impl Host for ProcessHost {
    fn cancel(&self, job: &dyn Job) -> bool {
        // From now on nobody will see a result of it; then whoever runs it is told.
        let cancelled = job.cancel();
        if cancelled && let Some(call) = job.ended().call() {
            self.mailbox.post(Letter::Cancel { call });
        }
        cancelled
    }

    fn defer(&self, callback: Callback) {
        if let Err(callback) = self.hand_over(callback) {
            call_quietly(callback);
        }
    }
}
