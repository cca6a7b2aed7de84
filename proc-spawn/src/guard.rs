//! The main guard: what makes a child run its function instead of `main`.

use std::panic::Location;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};

use crate::error::SpawnError;
use crate::{arrival, exit, start_method, thread};

/// Where the guard was called by the user.
static CALLED: OnceLock<&'static Location<'static>> = OnceLock::new();

/// How far this process has come.
static STAGE: AtomicU8 = AtomicU8::new(OUTSIDE);

/// The guard has not run.
const OUTSIDE: u8 = 0;
/// A child that has not begun its function.
const ARRIVING: u8 = 1;
/// In `main`, or in the function of a child.
const ENTERED: u8 = 2;

/// The process that the stage is of: one made by a plain fork has a copy.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Lets this program start processes: the first line of `main`.
///
/// A child is this program, started anew. There this call runs the function that the child was
/// started for and never returns; everywhere else it only takes notes. Whatever `main` does
/// before it, every child does as well; in a child it must not have started threads.
///
/// [`#[proc_spawn::main]`](crate::main) does the same as an attribute, and
/// [`enable_test_support!`](crate::enable_test_support) for a test binary, which has no `main`.
///
/// # Panics
///
/// If it was called before, also by way of the attribute.
///
/// # Example
///
/// ```
/// fn main() -> Result<(), proc_spawn::Failure> {
///     proc_spawn::init();
///
///     let child = proc_spawn::Process::spawn(|| std::process::id(), ())?;
///     let id = child.id();
///     assert_eq!(child.join()?, id);
///     Ok(())
/// }
/// ```
#[track_caller]
pub fn init() {
    let here = Location::caller();
    if let Err(here) = CALLED.set(here) {
        let first = CALLED.get().copied().unwrap_or(here);
        panic!(
            "proc_spawn::init() was called twice, first at {first}: call it once, as the first line \
             of `main`, and not at all in a `main` with #[proc_spawn::main]"
        );
    }
    // It may have been done before `main`, by `enable_test_support!`. That is no mistake: the
    // program under test may have a guard of its own.
    if STAGE.load(Relaxed) == OUTSIDE {
        enter();
    }
}

/// The same before `main`, where it may be asked for more than once.
pub extern "C" fn before_main() {
    if STAGE.load(Relaxed) == OUTSIDE {
        enter();
    }
}

fn enter() {
    STAGE.store(ARRIVING, Relaxed);
    let is_copy = start_method::serve();
    PROCESS.store(process::id(), Relaxed);
    if is_copy || ipc::rendezvous::arrived() {
        arrival::run(is_copy);
    }
    exit::arm();
    begin();
}

/// From here on this process may start others.
pub(crate) fn begin() {
    STAGE.store(ENTERED, Relaxed);
}

/// This process, a fork, may start others.
pub(crate) fn adopt() {
    PROCESS.store(process::id(), Relaxed);
    begin();
}

/// Whether this process may start others.
pub(crate) fn check() -> Result<(), SpawnError> {
    match STAGE.load(Relaxed) {
        ENTERED if is_own_process() => Ok(()),
        ENTERED => Err(SpawnError::Forked),
        ARRIVING => Err(SpawnError::NotEntered),
        _ => Err(SpawnError::NotInitialized),
    }
}

/// Whether this is the process that called the guard, and not a plain fork of it.
pub(crate) fn is_own_process() -> bool {
    PROCESS.load(Relaxed) == process::id()
}

/// Waits for the threads that are to be waited for when a `main` with the attribute ends, however
/// it does.
#[derive(Debug)]
pub struct MainEnd;

impl Drop for MainEnd {
    fn drop(&mut self) {
        thread::wait_for_all();
    }
}
