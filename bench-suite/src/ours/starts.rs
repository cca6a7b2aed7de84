//! `Thread` and `Process`, from start to joined result.

use proc_spawn::{Join, Process, Spawn, StartMethod};

use crate::measure::{Outcome, Round, Rounds, Task};

pub(crate) fn one_by_one<W: Spawn + 'static>(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        Round::timed(|| {
            let start = || Ok(W::spawn(nothing, ())?.join()?);
            (0..amount).map(|_| start()).sum()
        })
    }))
}

/// From a fork server, which is there after the first.
pub(crate) fn forked(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        Round::timed(|| {
            let start = || {
                let forked = Process::builder().start_method(StartMethod::ForkServer);
                Ok(forked.spawn(nothing, ())?.join()?)
            };
            (0..amount).map(|_| start()).sum()
        })
    }))
}

fn nothing() -> u64 {
    1
}
