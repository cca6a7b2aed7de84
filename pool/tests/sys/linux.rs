use std::fs::File;
use std::process::{self, Command};

use proc_spawn::StartMethod;

pub(crate) use super::unix::{
    ABORT, ABORT_TEXT, CRASH, HANG, MINUS_ONE, crash, descriptors, is_kill, kill,
};

pub(crate) const METHODS: &[StartMethod] = &[StartMethod::Spawn, StartMethod::ForkServer];

macro_rules! where_a_fork_server_can_be {
    ($($item:item)*) => { $($item)* };
}

pub(crate) use where_a_fork_server_can_be;

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
