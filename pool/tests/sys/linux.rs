use std::fs::File;
use std::process::{self, Command};
use std::thread;

macro_rules! where_a_fork_server_can_be {
    ($($item:item)*) => { $($item)* };
}

pub(crate) use where_a_fork_server_can_be;

pub(crate) const ABORT: i32 = 6;
pub(crate) const ABORT_TEXT: &str = "was killed by signal 6 (SIGABRT)";
pub(crate) const CRASH: i32 = 11;
pub(crate) const MINUS_ONE: i32 = 255;
pub(crate) const SHUT: &str = "open files";

/// How many descriptors a process may have behind a door that is shut, when it has many more.
const LIMIT: usize = 32;

/// As many descriptors: those of workers come after these, so that none that they leave is within the limit.
pub(crate) struct Door {
    _open: Vec<File>,
}

impl Door {
    pub(crate) fn new() -> Door {
        Door { _open: (0..LIMIT).map(|_| File::open("/dev/null").expect("a file")).collect() }
    }

    pub(crate) fn shut(&self) {
        let (me, limit) = (process::id().to_string(), format!("--nofile={LIMIT}"));
        let limited = Command::new("prlimit").args(["--pid", &me, &limit]).status();
        assert!(limited.expect("there is a prlimit command").success());
    }
}

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

fn signal(signal: &str, ids: &[u32]) {
    let status = Command::new("kill").arg(signal).args(ids.iter().map(u32::to_string)).status();
    assert!(status.expect("there is a kill command").success(), "kill {signal} {ids:?}");
}
