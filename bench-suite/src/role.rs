//! What a copy of this program can be started as. Its first argument says so.

use std::env;
use std::process::{Command, ExitCode};

use crate::measure;
use crate::peer;

/// Measures one contender.
pub(crate) const RUNNER: &str = "--as-runner";
/// Keeps the folder of temporary files, and removes it when the suite is gone.
pub(crate) const CARETAKER: &str = "--as-caretaker";
/// Ends at once.
pub(crate) const NOTHING: &str = "--as-nothing";
/// Says so, and waits until its parent closes its standard input.
pub(crate) const IDLE: &str = "--as-idle";
/// Sends items to its parent through ipc-channel.
pub(crate) const IPC_CHANNEL_PRODUCER: &str = "--as-ipc-channel-producer";
/// Sends items to its parent through a Unix socket.
pub(crate) const SOCKET_PRODUCER: &str = "--as-socket-producer";

/// This program, to be started in that role.
pub(crate) fn command(role: &str) -> std::io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(role);
    Ok(command)
}

/// Plays the role that this copy was started in, if any.
pub(crate) fn play() -> Option<ExitCode> {
    let mut arguments = env::args().skip(1);
    let role = arguments.next()?;
    let rest: Vec<String> = arguments.collect();
    let outcome = match role.as_str() {
        NOTHING => Ok(()),
        IDLE => peer::standard::idle(),
        RUNNER => measure::serve(&rest),
        CARETAKER => measure::take_care(),
        IPC_CHANNEL_PRODUCER => peer::servo::produce(&rest),
        SOCKET_PRODUCER => peer::sys::socket::produce(&rest),
        _ => return None,
    };
    Some(match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed: {error}");
            ExitCode::FAILURE
        }
    })
}
