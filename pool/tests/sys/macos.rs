use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

pub(crate) use super::no_fork_server::{METHODS, where_a_fork_server_can_be};
pub(crate) use super::unix::{
    ABORT, ABORT_TEXT, CRASH, HANG, MINUS_ONE, crash, descriptors, is_kill, kill,
};

pub(crate) const SHUT: &str = "(os error 13)";

/// The file that this process runs, and every other one that it starts.
pub(crate) struct Door(PathBuf);

impl Door {
    pub(crate) fn new() -> Door {
        Door(env::current_exe().expect("this program has a path"))
    }

    pub(crate) fn shut(&self) {
        self.allow(0o600).expect("the file is ours");
    }

    fn allow(&self, mode: u32) -> std::io::Result<()> {
        fs::set_permissions(&self.0, Permissions::from_mode(mode))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.allow(0o700);
    }
}
