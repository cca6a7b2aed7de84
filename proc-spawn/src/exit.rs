//! The normal exit of a process that has children: daemons end with it, the others are waited for.

use std::io::{self, Write};
use std::panic;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::error::SpawnError;
use crate::sys::fate::Signal;
use crate::sys::{forkserver, runtime};
use crate::{children, guard, logs, tail};

/// Whether the exit has begun. Held for reading while a child is being started, so that the exit
/// sees every child there is.
static EXITING: RwLock<bool> = RwLock::new(false);

/// Makes the exit of this process what the module says.
pub(crate) fn arm() {
    // It fails for want of memory only. The program then runs as it is, its children are not
    // waited for.
    let _ = runtime::at_exit(at_exit);
}

/// Holds the exit off while a child is started.
pub(crate) fn hold_off() -> Result<RwLockReadGuard<'static, bool>, SpawnError> {
    let exiting = EXITING.read().unwrap_or_else(PoisonError::into_inner);
    if *exiting { Err(SpawnError::Exiting) } else { Ok(exiting) }
}

/// Holds off the exit and every start while this process forks: nobody is in the middle of one.
pub(crate) fn hold_off_all() -> Result<RwLockWriteGuard<'static, bool>, SpawnError> {
    let exiting = EXITING.write().unwrap_or_else(PoisonError::into_inner);
    if *exiting { Err(SpawnError::Exiting) } else { Ok(exiting) }
}

/// The exit of a fork: what its parent registered with the C library is not its own to run.
pub(crate) fn leave(code: i32) -> ! {
    let _ = panic::catch_unwind(|| {
        end_children();
        let _ = io::stdout().flush();
    });
    runtime::leave(code)
}

extern "C" fn at_exit() {
    // A plain fork inherits the hook, but the children are not its own.
    if guard::is_own_process() {
        // A panic must not unwind into the libc.
        let _ = panic::catch_unwind(end_children);
    }
}

fn end_children() {
    *EXITING.write().unwrap_or_else(PoisonError::into_inner) = true;
    let mut children = children::all();
    // A daemon that may not be signalled learns of our end from its line, so that must not wait for it.
    children.retain(|child| !child.daemon || child.signal(Signal::Kill).is_ok());
    for child in &children {
        // A handle that is not dropped must not keep the child waiting, who is waited for.
        child.close_streams();
    }
    for child in children {
        child.fulfil_duty();
    }
    logs::drain();
    tail::drain();
    forkserver::end();
}
