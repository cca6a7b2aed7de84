//! A record on its way.

use log::{Level, Log, Metadata, Record};
use serde::{Deserialize, Serialize};

/// What goes over the channel.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    Record(Entry),
    /// Everything that was sent before has been logged when this comes up.
    Mark,
}

/// A [`Record`] that owns its texts.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The name of the process.
    process: String,
    level: usize,
    target: String,
    text: String,
    module: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

impl Entry {
    pub(super) fn new(process: &str, record: &Record<'_>) -> Self {
        Self {
            process: process.to_owned(),
            level: record.level() as usize,
            target: record.target().to_owned(),
            text: record.args().to_string(),
            module: record.module_path().map(str::to_owned),
            file: record.file().map(str::to_owned),
            line: record.line(),
        }
    }

    /// Hands it to a logger, the text after the name of the process.
    pub(super) fn log_to(&self, logger: &dyn Log) {
        // What is no level is the most urgent one: better seen than lost.
        let level = Level::iter().find(|level| *level as usize == self.level);
        let metadata =
            Metadata::builder().level(level.unwrap_or(Level::Error)).target(&self.target).build();
        if !logger.enabled(&metadata) {
            return;
        }
        logger.log(
            &Record::builder()
                .metadata(metadata)
                .args(format_args!("[{}] {}", self.process, self.text))
                .module_path(self.module.as_deref())
                .file(self.file.as_deref())
                .line(self.line)
                .build(),
        );
    }
}
