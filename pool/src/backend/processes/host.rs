//! What tasks keep of a pool of processes.

use std::sync::Arc;

use super::mailbox::{Letter, Mailbox};
use super::outstanding::Outstanding;
use crate::call::Job;
use crate::task::{Callback, Callbacks, Host};

pub(super) struct ProcessHost {
    mailbox: Arc<Mailbox>,
    outstanding: Arc<Outstanding>,
    callbacks: Callbacks,
}

impl ProcessHost {
    pub(super) fn new(
        mailbox: Arc<Mailbox>,
        outstanding: Arc<Outstanding>,
        name: String,
    ) -> ProcessHost {
        ProcessHost { mailbox, outstanding, callbacks: Callbacks::new(name) }
    }

    /// Waits until all callbacks have been called.
    pub(super) fn finish(&self) {
        self.callbacks.finish();
    }
}

impl Host for ProcessHost {
    fn cancel(&self, job: &dyn Job) -> bool {
        // From now on nobody will see a result of it, then nothing of it begins; last, what runs is killed.
        let cancelled = job.cancel();
        if cancelled && let Some(call) = job.ended().call() {
            self.outstanding.take_back(call);
            self.mailbox.post(Letter::Cancel { call });
        }
        cancelled
    }

    fn defer(&self, callback: Callback) {
        self.callbacks.defer(callback);
    }
}
