use std::process::{self, Command};
use std::time::Duration;
use std::{fs, thread};

pub(crate) const HANG: Duration = Duration::from_secs(1);
pub(crate) const ABORT: i32 = 6;
pub(crate) const ABORT_TEXT: &str = "was killed by signal 6 (SIGABRT)";
pub(crate) const CRASH: i32 = 11;
pub(crate) const MINUS_ONE: i32 = 255;

pub(crate) fn crash() -> ! {
    signal("-SEGV", &[process::id()]);
    // The signal is on its way.
    loop {
        thread::park();
    }
}

pub(crate) fn kill(ids: &[u32]) {
    signal("-KILL", ids);
}

pub(crate) fn is_kill(end: (Option<i32>, Option<i32>)) -> bool {
    end == (Some(9), None)
}

pub(crate) fn descriptors() -> usize {
    fs::read_dir("/dev/fd").map_or(0, Iterator::count)
}

fn signal(signal: &str, ids: &[u32]) {
    let status = Command::new("kill").arg(signal).args(ids.iter().map(u32::to_string)).status();
    assert!(status.expect("there is a kill command").success(), "kill {signal} {ids:?}");
}
