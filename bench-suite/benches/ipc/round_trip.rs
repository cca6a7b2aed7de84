//! Round trips of eight bytes.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use ipc::{Connection, pipe};
use ipc_channel::ipc::{self as servo, IpcOneShotServer, IpcReceiver, IpcSender};
use proc_spawn::{Failure, Process};

use crate::streams::streams;
use crate::{Outcome, Work, compare, timed};

fn echo(mut connection: Connection<u64, u64>) {
    while let Ok(number) = connection.recv() {
        if connection.send(number).is_err() {
            return;
        }
    }
}

fn ours() -> Outcome<Work> {
    let (mut here, there) = pipe::<u64, u64>()?;
    Process::builder().daemon(true).spawn(echo, there)?.detach();
    Ok(Box::new(move |times| {
        timed(|| {
            for number in 0..times {
                here.send(number)?;
                black_box(here.recv()?);
            }
            Ok(())
        })
    }))
}

fn echo_servo(name: String) -> Result<(), Failure> {
    let (to_us, from_them) = servo::channel::<u64>()?;
    let (to_them, from_us) = servo::channel::<u64>()?;
    IpcSender::<(IpcSender<u64>, IpcReceiver<u64>)>::connect(name)?.send((to_us, from_us))?;
    while let Ok(number) = from_them.recv() {
        to_them.send(number)?;
    }
    Ok(())
}

fn ipc_channel() -> Outcome<Work> {
    let (server, name) = IpcOneShotServer::<(IpcSender<u64>, IpcReceiver<u64>)>::new()?;
    Process::builder().daemon(true).spawn(echo_servo, name)?.detach();
    let (_, (sender, receiver)) = server.accept()?;
    Ok(Box::new(move |times| {
        timed(|| {
            for number in 0..times {
                sender.send(number)?;
                black_box(receiver.recv()?);
            }
            Ok(())
        })
    }))
}

fn echo_bytes() -> Result<(), Failure> {
    let (mut input, mut output) = streams()?;
    let mut bytes = [0; 8];
    while input.read_exact(&mut bytes).is_ok() {
        output.write_all(&bytes)?;
    }
    Ok(())
}

fn ask(mut to: impl Write + 'static, mut from: impl Read + 'static) -> Work {
    Box::new(move |times| {
        timed(|| {
            let mut bytes = [0; 8];
            for _ in 0..times {
                to.write_all(&bytes)?;
                from.read_exact(&mut bytes)?;
            }
            Ok(())
        })
    })
}

fn os_pipe() -> Outcome<Work> {
    let ((their_input, to), (from, their_output)) = (io::pipe()?, io::pipe()?);
    let child = Process::builder().daemon(true).stdin(their_input).stdout(their_output);
    child.spawn(echo_bytes, ())?.detach();
    Ok(ask(to, from))
}

fn unix_socket() -> Outcome<Work> {
    let (ours, theirs) = UnixStream::pair()?;
    let (input, output) = (OwnedFd::from(theirs.try_clone()?), OwnedFd::from(theirs));
    let child = Process::builder().daemon(true).stdin(input).stdout(output);
    child.spawn(echo_bytes, ())?.detach();
    Ok(ask(ours.try_clone()?, ours))
}

pub(crate) type Figures = Vec<(String, f64)>;

pub(crate) fn round_trips(times: u64) -> Result<Figures, Failure> {
    let run = || -> Outcome<Figures> {
        let figures = compare(&mut [
            ("pipe", ours()?, times),
            ("ipc-channel", ipc_channel()?, times),
            ("OS pipe", os_pipe()?, times),
            ("Unix socket", unix_socket()?, times),
        ])?;
        Ok(figures.into_iter().map(|(name, figure)| (name.to_owned(), figure)).collect())
    };
    run().map_err(|error| io::Error::other(error.to_string()).into())
}
