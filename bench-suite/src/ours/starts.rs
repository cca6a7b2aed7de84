//! `Thread` and `Process`, from start to joined result.

use std::io::ErrorKind;

use proc_spawn::{Builder, Join, Process, Spawn, SpawnError, StartMethod};

use crate::measure::{Missing, Outcome, Round, Rounds, Task};

pub(crate) fn one_by_one<W: Spawn + 'static>(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        Round::timed(|| {
            let start = || Ok(W::spawn(nothing, ())?.join()?);
            (0..amount).map(|_| start()).sum()
        })
    }))
}

/// From a fork server, which is there before.
pub(crate) fn forked(_: &Task) -> Outcome<Rounds> {
    start_fork_server()?;
    Ok(Box::new(|amount| {
        Round::timed(|| {
            let start = || Ok(from_fork_server().spawn(nothing, ())?.join()?);
            (0..amount).map(|_| start()).sum()
        })
    }))
}

/// A process that is to come from the fork server.
pub(crate) fn from_fork_server() -> Builder<Process> {
    Process::builder().start_method(StartMethod::ForkServer)
}

/// Has the fork server start one that does nothing; `Missing` where there can be no fork server.
pub(crate) fn start_fork_server() -> Outcome<()> {
    match from_fork_server().spawn(nothing, ()) {
        Ok(first) => {
            first.join()?;
            Ok(())
        }
        Err(SpawnError::System { error, .. }) if error.kind() == ErrorKind::Unsupported => {
            Err(Missing(error.to_string()).into())
        }
        Err(error) => Err(error.into()),
    }
}

fn nothing() -> u64 {
    1
}
