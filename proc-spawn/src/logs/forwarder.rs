//! In a child: a logger that sends what it is given.

use std::sync::OnceLock;

use ipc::Sender;
use log::{LevelFilter, Log, Metadata, Record};
use serde::{Deserialize, Serialize};

use super::record::{Entry, Message};
use crate::identity;

/// Where the records of a child go, and which of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    level: usize,
    records: Sender<Message>,
}

impl Line {
    pub(super) fn new(level: LevelFilter, records: Sender<Message>) -> Self {
        Self { level: level as usize, records }
    }

    /// Another one for a process that logs so much.
    pub(super) fn at(&self, level: LevelFilter) -> Self {
        Self::new(level, self.records.clone())
    }
}

/// The logger of this process, if it is a forwarder.
static FORWARDER: OnceLock<Forwarder> = OnceLock::new();

#[derive(Debug)]
struct Forwarder(Line);

/// Sends the records of this process, a child, along the line. One that has installed a logger before
/// its guard keeps that.
pub(crate) fn forward(line: Option<Line>) {
    let Some(line) = line else { return };
    let level = LevelFilter::iter().find(|level| *level as usize == line.level);
    let forwarder = FORWARDER.get_or_init(|| Forwarder(line));
    if log::set_logger(forwarder).is_ok() {
        log::set_max_level(level.unwrap_or(LevelFilter::Off));
    }
}

/// The line of this process, if its records go along one.
pub(super) fn line() -> Option<&'static Line> {
    let ours: &Forwarder = FORWARDER.get()?;
    let installed: *const dyn Log = log::logger();
    std::ptr::addr_eq(installed, ours).then_some(&ours.0)
}

impl Log for Forwarder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let entry = Entry::new(identity::name(), record);
            // It waits for room while the collector lives. If that is gone, so is the logger.
            let _ = self.0.records.send(Message::Record(entry));
        }
    }

    fn flush(&self) {}
}
