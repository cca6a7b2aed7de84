//! Round trips of eight bytes.

use std::hint::black_box;
use std::io;

use bench_suite::way::{self, Ask};
use proc_spawn::Failure;

use crate::{Outcome, Work, compare, timed};

fn times_asked(ask: Outcome<Ask>) -> Outcome<Work> {
    let mut ask = ask?;
    Ok(Box::new(move |times| {
        timed(|| {
            for number in 0..times {
                black_box(ask(number)?);
            }
            Ok(())
        })
    }))
}

pub(crate) type Figures = Vec<(String, f64)>;

pub(crate) fn round_trips(times: u64) -> Result<Figures, Failure> {
    let run = || -> Outcome<Figures> {
        let figures = compare(&mut [
            ("pipe", times_asked(way::pipe_ask())?, times),
            ("ipc-channel", times_asked(way::ipc_channel_ask())?, times),
            ("OS pipe", times_asked(way::os_pipe_ask())?, times),
            ("Unix socket", times_asked(way::unix_socket_ask())?, times),
        ])?;
        Ok(figures.into_iter().map(|(name, figure)| (name.to_owned(), figure)).collect())
    };
    run().map_err(|error| io::Error::other(error.to_string()).into())
}
