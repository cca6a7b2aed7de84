//! What tasks keep of a pool of processes.

use std::sync::Arc;

use super::mailbox::{Letter, Mailbox};
use crate::call::Job;
use crate::task::{Callback, Callbacks, Host};

pub(super) struct ProcessHost {
    mailbox: Arc<Mailbox>,
    callbacks: Callbacks,
}

impl ProcessHost {
    pub(super) fn new(mailbox: Arc<Mailbox>, name: String) -> ProcessHost {
        ProcessHost { mailbox, callbacks: Callbacks::new(name) }
    }

    /// Waits until all callbacks have been called.
    pub(super) fn finish(&self) {
        self.callbacks.finish();
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
        self.callbacks.defer(callback);
    }
}
