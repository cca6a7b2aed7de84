//! Tasks that an agent has, until they are answered.

use bytes::Bytes;
use pool::TaskKey;
use tokio::sync::oneshot;

/// A task as it was delivered.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) key: TaskKey,
    pub(super) submitter: String,
    pub(super) ack: String,
    /// How often it was delivered, to whichever agents.
    pub(super) times: u32,
    pub(super) message: Bytes,
}

/// A task that runs.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) submitter: String,
    /// Where it is acknowledged; several if the stream has it more than once.
    pub(super) acks: Vec<String>,
    /// Ends it.
    pub(super) stop: Option<oneshot::Sender<()>>,
    /// Nobody waits for it any more.
    pub(super) recalled: bool,
}

impl Held {
    /// It was delivered once more.
    pub(super) fn add(&mut self, ack: String) {
        if !self.acks.contains(&ack) {
            self.acks.push(ack);
        }
    }

    /// Ends it, if it can be.
    pub(super) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}
