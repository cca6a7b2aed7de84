//! iceoryx2, in a program of its own that is built only where it is asked for: it needs libclang and a newer
//! compiler than this workspace.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::measure::{Missing, Outcome};
use crate::peer::sys::group::Group;
use crate::way::Carry;

const PROGRAM: &str = "bench-suite-iceoryx2";

/// Beside this program, or where this is a bench beside the folder that it is in.
fn program() -> Outcome<PathBuf> {
    let this = env::current_exe()?;
    let places = this.ancestors().skip(1).take(2).map(|folder| folder.join(PROGRAM));
    let missing =
        || Missing("it is not built: `cargo xtask bench --iceoryx2` builds it".to_owned());
    Ok(places.into_iter().find(|place| place.is_file()).ok_or_else(missing)?)
}

/// How long one that is told to end may take for it.
const FAREWELL: Duration = Duration::from_secs(5);

/// Bytes to a process, by publish and subscribe.
///
/// # Errors
///
/// Where the program is not built.
pub fn carry(size: usize) -> Outcome<Carry> {
    let mut publisher = Command::new(program()?);
    publisher.arg(size.to_string());
    let mut publisher = Publisher::start(publisher, FAREWELL)?;
    Ok(Box::new(move |times| publisher.carry(times)))
}

/// The program, which starts another. It ends in order when its input does, and removes its files then.
#[derive(Debug)]
pub(crate) struct Publisher {
    group: Group,
    counts: Option<ChildStdin>,
    arrived: Lines<BufReader<ChildStdout>>,
    farewell: Duration,
}

impl Publisher {
    pub(crate) fn start(mut command: Command, farewell: Duration) -> Outcome<Publisher> {
        // It is not killed with this, which would leave its files.
        let mut group = Group::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let counts = group.leader.stdin.take();
        let arrived = group.leader.stdout.take().ok_or("its output was not opened")?;
        Ok(Publisher { group, counts, arrived: BufReader::new(arrived).lines(), farewell })
    }

    pub(crate) fn carry(&mut self, times: u64) -> Outcome<u64> {
        writeln!(self.counts.as_mut().ok_or("its input was not opened")?, "{times}")?;
        Ok(self.arrived.next().ok_or("it has ended")??.parse()?)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        drop(self.counts.take());
        // One that hangs is killed, with the process that it started.
        self.group.has_ended(self.farewell);
        // How it ends is of no interest any more.
        let _ = self.group.kill();
    }
}
