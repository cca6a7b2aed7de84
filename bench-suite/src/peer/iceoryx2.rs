//! iceoryx2, in a program of its own that is built only where it is asked for: it needs libclang and a newer
//! compiler than this workspace.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::measure::{Missing, Outcome};
use crate::peer::sys::group;
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
struct Publisher {
    child: Child,
    counts: Option<ChildStdin>,
    arrived: Lines<BufReader<ChildStdout>>,
    farewell: Duration,
}

impl Publisher {
    fn start(mut command: Command, farewell: Duration) -> Outcome<Publisher> {
        // It is not killed with this, which would leave its files.
        group::lead(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let mut child = command.spawn()?;
        let counts = child.stdin.take();
        let arrived = child.stdout.take().ok_or("its output was not opened")?;
        Ok(Publisher { child, counts, arrived: BufReader::new(arrived).lines(), farewell })
    }

    fn carry(&mut self, times: u64) -> Outcome<u64> {
        writeln!(self.counts.as_mut().ok_or("its input was not opened")?, "{times}")?;
        Ok(self.arrived.next().ok_or("it has ended")??.parse()?)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        drop(self.counts.take());
        // One that hangs is killed, with the process that it started.
        group::has_ended(&self.child, self.farewell);
        // How it ends is of no interest any more.
        let _ = group::kill(&mut self.child);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::Command;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::Publisher;

    const LONG: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script);
        shell
    }

    #[test]
    fn one_that_is_not_wanted_any_more_ends_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in-order");
        let script = format!("while read line; do echo $line; done; : > {}", file.display());
        let mut publisher = Publisher::start(shell(&script), LONG).unwrap();
        assert_eq!(publisher.carry(7).unwrap(), 7);
        drop(publisher);
        assert!(file.exists());
    }

    #[test]
    fn one_that_hangs_is_killed_with_what_it_has_started() {
        // Whoever holds it open lives.
        let (mut lives, held) = std::io::pipe().unwrap();
        let mut hangs = shell("sleep 1000 & echo 1; sleep 1000");
        hangs.stderr(held);
        let mut publisher = Publisher::start(hangs, Duration::from_millis(50)).unwrap();
        assert_eq!(publisher.carry(1).unwrap(), 1);
        drop(publisher);
        let (ended, has_ended) = mpsc::channel();
        thread::spawn(move || ended.send(lives.read_to_end(&mut Vec::new())));
        assert!(has_ended.recv_timeout(LONG).is_ok());
    }
}
