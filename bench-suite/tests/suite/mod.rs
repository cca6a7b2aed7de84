//! The suite as a program, started with next to no work.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Far longer than any run of these takes.
pub const WATCHDOG: Duration = Duration::from_secs(110);

/// How a run ended, and what it said.
pub struct Run {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the suite.
pub fn run(arguments: &[&str]) -> Run {
    let mut suite = Command::new(env!("CARGO_BIN_EXE_bench-suite"));
    finish(suite.args(["--quick", "--tiny"]).args(arguments))
}

/// Runs a program to its end; kills it if it takes far too long.
pub fn finish(command: &mut Command) -> Run {
    finish_within(WATCHDOG, command).unwrap_or_else(|hung| panic!("{hung}"))
}

/// Runs a program to its end; kills it, with what it has started, if that takes longer, and says so.
pub fn finish_within(limit: Duration, command: &mut Command) -> Result<Run, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).spawn().unwrap();
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    let output = (stdout.recv_timeout(limit), stderr.recv_timeout(limit));
    let (Ok(stdout), Ok(stderr)) = output else {
        let group = format!("-{}", child.id());
        let killed = Command::new("kill").args(["-9", "--", &group]).status();
        let ended = child.wait();
        return Err(format!("{command:?} hung: {output:?}; killed: {killed:?}, {ended:?}"));
    };
    Ok(Run { status: child.wait().unwrap(), stdout, stderr })
}

fn collect(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        sender.send(text)
    });
    receiver
}

/// What a file of JSON says.
pub fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Whether there is a Python to compare with.
pub fn python_is_here() -> bool {
    let python = Command::new("python3").arg("--version").output();
    python.is_ok_and(|output| output.status.success())
}
