//! A child that is a copy of this process.
#![expect(unsafe_code, reason = "a fork is unsafe, and so is the function that makes one")]

use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process;

use ipc::rendezvous::{Invitation, Refusal};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::arrival::{self, Link};
use crate::bootstrap::{self, Launched, WORDS};
use crate::error::SpawnError;
use crate::identity::{self, Parent};
use crate::process::Process;
use crate::sys::{fork, forkserver, interrupt, refusal};
use crate::{children, exit, guard, logs, tail, thread};

/// Runs `f` in a copy of this process: a `fork`, in which `f` finds everything that it has captured.
///
/// The copy is a process of the program like any other. It has a name of its own, can start and be
/// told of others, ends with its parent if that is a daemon, and its result, panic or death comes
/// back through the handle. It never returns into the caller's code, and it leaves without running
/// what was registered with `atexit`.
///
/// Prefer [`Process::spawn`], which is safe and whose cost does not grow with the memory of this
/// process, or [`StartMethod::ForkServer`](crate::StartMethod::ForkServer) for speed.
///
/// With the feature `log`, the copy has its parent's logger itself.
///
/// **Handles** of the crate `ipc` that this process has can be used in the copy as well, by
/// capture. What this process holds at the time of the call the copy holds until it *ends*, whether it
/// uses it or not, as with the descriptors of any fork: a channel whose senders are all gone here is
/// `Disconnected` only when the copy has ended too.
///
/// # Errors
///
/// Why it was not started. On Windows, `Unsupported`.
///
/// # Safety
///
/// A fork copies one thread. Whatever another thread had locked stays locked in the copy for ever, and
/// what it was changing stays half changed; with one thread there is no such danger, except from
/// libraries that have threads of their own. The caller vouches that
///
/// - what `f` calls (allocation with the system's allocator aside, which sees to it) neither waits for
///   such a lock nor relies on such data, be it in this program, the standard library (`stdout`,
///   the environment) or a C library;
/// - what there can be only one of is used by one of the two: an `Owned`, a `Connection` or one of its
///   halves, the guard of a lock, a connection to a server, a descriptor's position;
/// - the copy does nothing with handles of threads, processes and pools that this process has, but drop
///   them.
///
/// # Process death
///
/// As for any [`Process`].
///
/// # Example
///
/// ```
/// use proc_spawn::Failure;
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), Failure> {
///     let table: Vec<u64> = (0..1000).map(|n| n * n).collect();
///     // SAFETY: this program has one thread that holds locks: this one, and it holds none.
///     let child = unsafe { proc_spawn::fork(|| table.iter().sum::<u64>()) }?;
///     assert_eq!(child.join()?, table.iter().sum());
///     Ok(())
/// }
/// ```
pub unsafe fn fork<R>(f: impl FnOnce() -> R) -> Result<Process<R>, SpawnError>
where
    R: Serialize + DeserializeOwned + 'static,
{
    guard::check()?;
    let lineage = identity::next_lineage()?;
    let name = identity::default_name(&lineage);
    let daemon = identity::is_daemon();
    let parent = Parent { id: process::id(), name: identity::name().to_owned() };
    // From now on both have the same, be it used by then or not.
    ipc::authkey().map_err(SpawnError::system("make the key of this program"))?;
    let (sender, words) = ipc::channel(WORDS)
        .map_err(SpawnError::system("make the channel for a process's result"))?;
    let invitation = Invitation::new(&name, daemon)
        .map_err(SpawnError::system("find a place for another process"))?;
    invitation
        .share_holds()
        .map_err(SpawnError::system("share what this process holds with another"))?;
    // What is in there would be printed twice. A stream that is closed has nothing to print.
    let _ = io::stdout().flush();

    // In the order in which a start takes them.
    let exiting = exit::hold_off_all()?;
    let (tails, collector, server) = (tail::hold(), logs::hold(), forkserver::hold());
    let threads = thread::hold();
    let held = children::hold();
    // SAFETY: of our own locks this thread has all, or they are the keeper's, which the copy has
    // another of. The rest is the caller's to vouch for.
    let started = unsafe { fork::fork() };
    if let Ok(None) = started {
        held.forget();
        threads.forget();
        server.forget();
        collector.forget();
        tails.forget();
        drop(exiting);
        // Whatever happens, it must not go on in the caller's code.
        let run = AssertUnwindSafe(|| {
            let arrived = arrive(invitation, (name, daemon), lineage, parent);
            let code = arrived.map_or_else(|code| code, |()| Link::keep(sender).call(f));
            thread::wait_for_all();
            code
        });
        exit::leave(panic::catch_unwind(run).unwrap_or(arrival::PANICKED));
    }
    drop((held, threads, server, collector, tails));
    // The copy has its own by now; without this one its end would not be told.
    drop(sender);
    let started = started.map_err(SpawnError::system("fork this process"))?;
    let Some(started) = started else { unreachable!("the copy does not come here") };
    let child = bootstrap::watch(invitation, started, (name, daemon), None)?;
    drop(exiting);
    Ok(Launched { child, link: bootstrap::Link::new(words) }.into())
}

/// Makes the copy a process of its own; the exit code if that cannot be.
fn arrive(
    invitation: Invitation,
    (name, daemon): (String, bool),
    lineage: Vec<u32>,
    parent: Parent,
) -> Result<(), i32> {
    interrupt::restore();
    refusal::forget();
    // Why it cannot, it tells the parent itself.
    fork::join(invitation).map_err(|_| arrival::FAILED)?;
    guard::adopt();
    identity::set(name, daemon, lineage, parent);
    if daemon {
        arrival::end_with_parent()
            .map_err(|error| arrival::refuse(&Refusal::System(error.to_string())))?;
    }
    Ok(())
}
