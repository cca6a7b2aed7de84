//! Managers on each host there is.

use std::sync::{Mutex, PoisonError};

use ipc::{Host, Manager, usage};
use proc_spawn::{Process, Thread};

use crate::watchdog::watch;

pub(crate) fn start<H: Host>() -> Manager {
    Manager::start::<H>().unwrap()
}

/// What is left is counted over the whole program.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Calls `f` with a manager on each host, and sees that nothing is left of it.
pub(crate) fn on_each(what: &'static str, f: impl Fn(&Manager)) {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let _watchdog = watch(what);
    f(&start::<Process>());
    let before = usage().unwrap();
    f(&start::<Thread>());
    f(&start::<Process>());
    assert_eq!(usage().unwrap(), before, "something is left");
}
