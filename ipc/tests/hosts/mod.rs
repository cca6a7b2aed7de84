//! Managers on each host there is.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ipc::{Address, Host, Manager, usage};
use proc_spawn::{Process, Thread};

use crate::watchdog::{Watchdog, watch};

pub(crate) fn start<H: Host>() -> Manager {
    Manager::start::<H>().unwrap()
}

/// What is left is counted over the whole program.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// No other test of the suite runs beside this one.
pub(crate) fn alone(what: &'static str) -> (MutexGuard<'static, ()>, Watchdog) {
    (ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner), watch(what))
}

/// Calls `f` with a manager on each host, and sees that nothing is left of it.
pub(crate) fn on_each(what: &'static str, f: impl Fn(&Manager)) {
    let _alone = alone(what);
    f(&start::<Process>());
    let before = usage().unwrap();
    f(&start::<Thread>());
    f(&start::<Process>());
    assert_eq!(usage().unwrap(), before, "something is left");
}

/// The same, and besides as a client from elsewhere: for what takes no handles.
#[allow(dead_code, reason = "a suite may need handles everywhere")]
pub(crate) fn on_each_and_from_elsewhere(what: &'static str, f: impl Fn(&Manager)) {
    on_each(what, |manager| {
        f(manager);
        let address = Address::Tcp(([127, 0, 0, 1], 0).into());
        let address = manager.serve(&address, b"a key").unwrap();
        f(&Manager::connect(&address, b"a key").unwrap());
    });
}
