//! What a builder keeps for one kind of start.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::children::OnEnd;
use crate::error::SpawnError;
use crate::spawn::sealed::Sealed;
use crate::start_method::StartMethod;
use crate::stdio::Stdio;
use crate::sys::runtime;

/// What can be set for a process alone.
#[derive(Default)]
pub struct ProcessSettings {
    pub(crate) environment: Environment,
    pub(crate) executable: Option<PathBuf>,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) streams: [Stdio; 3],
    /// How many lines of the last stream are kept for the error.
    pub(crate) stderr_lines: usize,
    pub(crate) ignore_interrupt: bool,
    pub(crate) limits: Limits,
    pub(crate) start_method: Option<StartMethod>,
    pub(crate) on_end: Option<OnEnd>,
}

impl fmt::Debug for ProcessSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessSettings")
            .field("environment", &self.environment)
            .field("executable", &self.executable)
            .field("directory", &self.directory)
            .field("streams", &self.streams)
            .field("stderr_lines", &self.stderr_lines)
            .field("ignore_interrupt", &self.ignore_interrupt)
            .field("limits", &self.limits)
            .field("start_method", &self.start_method)
            .finish_non_exhaustive()
    }
}

impl Sealed for ProcessSettings {}

/// How the child's environment differs from this process's.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    cleared: bool,
    changes: BTreeMap<OsString, Option<OsString>>,
}

impl Environment {
    /// Nothing is taken over.
    pub(crate) fn cleared() -> Self {
        Self { cleared: true, changes: BTreeMap::new() }
    }

    /// Sets or removes a variable.
    pub(crate) fn set(&mut self, key: &OsStr, value: Option<&OsStr>) {
        self.changes.retain(|other, _| !runtime::is_same_variable(other, key));
        self.changes.insert(key.to_owned(), value.map(OsStr::to_owned));
    }

    /// All of the child's environment.
    pub(crate) fn apply(self) -> Result<Vec<(OsString, OsString)>, SpawnError> {
        for (key, value) in &self.changes {
            let problem = if key.is_empty() {
                "it has no name"
            } else if key.as_encoded_bytes().contains(&b'=') {
                "a name cannot contain `=`"
            } else if has_zero(key) || value.as_deref().is_some_and(has_zero) {
                "it contains a zero byte"
            } else {
                continue;
            };
            let what = format!("the environment variable `{}`", key.display());
            return Err(SpawnError::Invalid { what, problem });
        }
        let ours = (!self.cleared).then(env::vars_os).into_iter().flatten();
        let is_changed =
            |key: &OsStr| self.changes.keys().any(|it| runtime::is_same_variable(it, key));
        let mut all: Vec<_> = ours.filter(|(key, _)| !is_changed(key)).collect();
        all.extend(self.changes.into_iter().filter_map(|(key, value)| Some((key, value?))));
        Ok(all)
    }
}

/// What the kernel allows the child.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Bytes of private data.
    pub(crate) memory: Option<u64>,
    pub(crate) cpu_time: Option<Duration>,
    pub(crate) nice: Option<i32>,
    /// Numbers of processors.
    pub(crate) affinity: Option<Vec<usize>>,
}

impl Limits {
    /// Finds what can be no limit.
    pub(crate) fn check(&self) -> Result<(), SpawnError> {
        if self.affinity.as_ref().is_some_and(Vec::is_empty) {
            let what = "the affinity of a process".to_owned();
            return Err(SpawnError::Invalid { what, problem: "it names no processor" });
        }
        Ok(())
    }
}

/// What can be set for a thread alone: nothing yet.
#[derive(Debug, Default)]
pub struct ThreadSettings;

impl Sealed for ThreadSettings {}

/// Whether the system would take the text for a shorter one.
pub(crate) fn has_zero(text: &OsStr) -> bool {
    text.as_encoded_bytes().contains(&0)
}
