//! Round trips of eight bytes. Each contender asks in a process of its own: where the system has placed the two ends
//! of one way, by how those wake each other, says nothing of the next.

use std::hint::black_box;
use std::io;
use std::time::Duration;

use bench_suite::way::{self, Ask};
use ipc::{Receiver, Sender, channel};
use proc_spawn::{Failure, Process};
use serde::{Deserialize, Serialize};

use crate::{Outcome, Work, compare, timed};

/// What a contender asks by.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Way {
    Pipe,
    IpcChannel,
    OsPipe,
    UnixSocket,
}

impl Way {
    const ALL: [Way; 4] = [Way::Pipe, Way::IpcChannel, Way::OsPipe, Way::UnixSocket];

    fn name(self) -> &'static str {
        match self {
            Way::Pipe => "pipe",
            Way::IpcChannel => "ipc-channel",
            Way::OsPipe => "OS pipe",
            Way::UnixSocket => "Unix socket",
        }
    }

    fn ask(self) -> Outcome<Ask> {
        match self {
            Way::Pipe => way::pipe_ask(),
            Way::IpcChannel => way::ipc_channel_ask(),
            Way::OsPipe => way::os_pipe_ask(),
            Way::UnixSocket => way::unix_socket_ask(),
        }
    }
}

/// Asks as often as it is told to, and tells how long that took.
fn contender(way: Way, orders: Receiver<u64>, answers: Sender<Duration>) -> Result<(), Failure> {
    let run = || -> Outcome<()> {
        let mut ask = way.ask()?;
        while let Ok(times) = orders.recv() {
            let took = timed(|| {
                for number in 0..times {
                    black_box(ask(number)?);
                }
                Ok(())
            });
            answers.send(took?)?;
        }
        Ok(())
    };
    run().map_err(|error| io::Error::other(error.to_string()).into())
}

/// A contender, on one processor if it is to stay there with who answers it.
fn start(way: Way, processor: Option<usize>) -> Outcome<Work> {
    let ((order, orders), (answer, answers)) = (channel::<u64>(1)?, channel::<Duration>(1)?);
    let builder = Process::builder().daemon(true);
    let builder = match processor {
        Some(processor) => builder.affinity([processor]),
        None => builder,
    };
    let mut process = Some(builder.spawn(contender, (way, orders, answer))?);
    Ok(Box::new(move |times| {
        // An order to one that has failed is lost, and so there is no answer.
        let _ = order.send(times);
        match (answers.recv(), &mut process) {
            (Ok(took), _) => Ok(took),
            (Err(error), process) => {
                process.take().map_or(Ok(Ok(())), |process| process.join())??;
                Err(error.into())
            }
        }
    }))
}

pub(crate) fn round_trips(
    times: u64,
    processor: Option<usize>,
) -> Outcome<Vec<(&'static str, f64)>> {
    let start = |way: Way| Ok((way.name(), start(way, processor)?, times));
    compare(&mut Way::ALL.into_iter().map(start).collect::<Outcome<Vec<_>>>()?)
}
