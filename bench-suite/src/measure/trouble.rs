//! Why a contender has no figure.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use thiserror::Error;

use crate::peer::sys::group;

/// The error of a peer that is not installed, with the reason.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Missing(pub(crate) String);

/// What went wrong with a contender.
#[derive(Clone, Debug, PartialEq, Error)]
pub(crate) enum Trouble {
    #[error("missing: {0}")]
    Missing(String),
    #[error("hung: killed after {} s {during}", after.as_secs_f64())]
    Hung { after: Duration, during: &'static str },
    #[error("died: {ending}")]
    Died { ending: String, crashed: bool },
    #[error("wrong answer: {got} instead of {expected}")]
    Wrong { got: u64, expected: u64 },
    #[error("failed: {0}")]
    Failed(String),
}

impl Trouble {
    /// A program that could not be started.
    pub(crate) fn not_started(program: &str, error: &io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::NotFound => Trouble::Missing(format!("there is no {program}")),
            _ => Trouble::Failed(format!("{program} could not be started: {error}")),
        }
    }

    /// A runner that has ended when it should not, or not as it should.
    pub(crate) fn died(status: io::Result<ExitStatus>, last_words: &str) -> Trouble {
        let mut ending = match &status {
            Ok(status) => status.to_string(),
            Err(error) => format!("nobody knows how: {error}"),
        };
        if !last_words.is_empty() {
            ending = format!("{ending}, after {last_words:?}");
        }
        Trouble::Died { ending, crashed: status.is_ok_and(group::crashed) }
    }
}
