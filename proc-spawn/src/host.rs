//! Processes and threads as hosts of a manager's server.

use std::io;
use std::time::Duration;

use ipc::{Host, RemotePanic, Server};

use crate::panic;
use crate::process::Process;
use crate::thread::Thread;

/// In a process of its own, a daemon that an interrupt of the terminal does not end.
impl Host for Process {
    type Running = Process<Result<(), String>>;

    fn host(server: Server) -> io::Result<Self::Running> {
        Process::builder()
            .name("Manager")
            .daemon(true)
            .ignore_interrupt(true)
            .spawn(serve, server)
            .map_err(io::Error::other)
    }

    fn end(running: Self::Running, patience: Option<Duration>) -> bool {
        let Some(patience) = patience else {
            running.wait();
            return true;
        };
        running.wait_timeout(patience).is_some()
            || running.kill().is_ok_and(|()| {
                running.wait();
                true
            })
    }
}

/// On threads of this process.
impl Host for Thread {
    type Running = Thread<Result<(), String>>;

    fn host(server: Server) -> io::Result<Self::Running> {
        let builder = Thread::builder().name("Manager").daemon(true);
        builder.spawn(serve, server).map_err(io::Error::other)
    }

    fn end(mut running: Self::Running, patience: Option<Duration>) -> bool {
        running.join_timeout(patience.unwrap_or(Duration::MAX)).is_some()
    }
}

fn serve(server: Server) -> Result<(), String> {
    server.run(catch).map_err(|error| error.to_string())
}

fn catch(function: &mut dyn FnMut()) -> Result<(), RemotePanic> {
    panic::catch(drop, function).map_err(|panic| RemotePanic {
        message: panic.message,
        location: panic.location.map(|location| location.to_string()),
        backtrace: panic.backtrace,
    })
}
