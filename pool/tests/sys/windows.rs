use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

pub(crate) use super::no_fork_server::{METHODS, where_a_fork_server_can_be};

/// A start takes a tenth of a second, and several on a machine that is busy.
pub(crate) const HANG: Duration = Duration::from_secs(20);
pub(crate) const ABORT: i32 = 0xc000_0409_u32 as i32;
pub(crate) const ABORT_TEXT: &str = "was ended by exception 0xc0000409 (abort)";
pub(crate) const CRASH: i32 = 0xc000_0005_u32 as i32;
pub(crate) const MINUS_ONE: i32 = -1;
pub(crate) const SHUT: &str = "(os error 2)";

/// The file that this process runs, and every other one that it starts.
pub(crate) struct Door(PathBuf);

impl Door {
    pub(crate) fn new() -> Door {
        Door(env::current_exe().expect("this program has a path"))
    }

    pub(crate) fn shut(&self) {
        fs::rename(&self.0, self.elsewhere()).expect("a file that runs can be renamed");
    }

    fn elsewhere(&self) -> PathBuf {
        self.0.with_extension("away")
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // One that is not shut has nothing there.
        let _ = fs::rename(self.elsewhere(), &self.0);
    }
}

/// A true access violation would be a debugger's matter first, where one is installed.
pub(crate) fn crash() -> ! {
    process::exit(CRASH)
}

pub(crate) fn kill(ids: &[u32]) {
    let ids = ids.iter().flat_map(|id| ["/pid".to_owned(), id.to_string()]);
    let status = Command::new("taskkill").arg("/f").args(ids).stdout(Stdio::null()).status();
    assert!(status.expect("there is a taskkill command").success(), "taskkill");
}

/// The system counts handles, of which a process has more than are ours.
pub(crate) fn descriptors() -> usize {
    0
}

/// A stranger that ends a process gives it an exit code: the command 1, and wine's 0.
pub(crate) fn is_kill(end: (Option<i32>, Option<i32>)) -> bool {
    matches!(end, (None, Some(0 | 1)))
}
