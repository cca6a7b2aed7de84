//! How processes are started.
#![expect(unsafe_code, reason = "calls the function that a fork server was told to load")]

use std::marker::PhantomData;
use std::panic;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipc::entry::{self, Entry, EntryName};
use serde::{Deserialize, Serialize};

use crate::arrival;
use crate::error::SpawnError;
use crate::portable::{CapturesNothing, conjure};
use crate::sys::{forkserver, runtime};

/// How a process is started. See [`set_start_method`] and
/// [`Builder::start_method`](crate::Builder::start_method).
///
/// The same function with the same arguments comes to the same result by either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StartMethod {
    /// The program is started anew: the loader, `main` up to its guard, then the function. The
    /// default on every platform.
    #[default]
    Spawn,
    /// The program is started anew once, up to its guard, and each child is a copy of that *fork
    /// server*: several times as fast, and faster still where what comes before the function
    /// can be done once for all, see [`forkserver_preload`].
    ///
    /// The server is started with the first child and again if it dies; its death is nothing to
    /// its children, which are this process's own. One copy is always made ahead and waits to be the next child:
    /// until then it is, like the server, a child that [`active_children`](crate::active_children) does not
    /// know and that no exit waits for, though the kernel's limits on processes count it. An interrupt that this process
    /// survives (SIGINT to the group) is nothing to them. A child begins with the environment, directory
    /// and standard streams of this process as they are now, and with all else that is
    /// inherited (umask, limits, user, ignored signals) as it was when the server was started. In a
    /// child the handlers of `pthread_atfork` are not called.
    ///
    /// `Unsupported` on Windows and macOS.
    ForkServer,
}

static METHOD: AtomicU8 = AtomicU8::new(SPAWN);
const SPAWN: u8 = 0;
const FORK_SERVER: u8 = 1;

/// Sets how this process starts others where their builder does not say, and how those do in turn.
///
/// # Example
///
/// ```
/// use proc_spawn::{Failure, Process, StartMethod, set_start_method};
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), Failure> {
///     set_start_method(StartMethod::ForkServer);
///     let child = Process::spawn(|| std::process::id(), ())?;
///     let id = child.id();
///     assert_eq!(child.join()?, id);
///     Ok(())
/// }
/// ```
pub fn set_start_method(method: StartMethod) {
    let method = match method {
        StartMethod::Spawn => SPAWN,
        StartMethod::ForkServer => FORK_SERVER,
    };
    METHOD.store(method, Relaxed);
}

/// How this process starts others where their builder does not say.
pub fn start_method() -> StartMethod {
    if METHOD.load(Relaxed) == FORK_SERVER { StartMethod::ForkServer } else { StartMethod::Spawn }
}

/// What a fork server is to load.
static PRELOAD: Mutex<Option<EntryName>> = Mutex::new(None);

/// Has the fork server call `f` before it makes a child, so that every child finds done what `f` does:
/// tables filled, files read, a cache warm. A server that runs already is replaced with the next
/// start.
///
/// `f` is a fn item or a closure that captures nothing. It must not leave threads behind, for a copy
/// of the server would lack them: every start would fail and say so. If it panics, the server
/// ends, and the start fails. In it no process can be started and nothing of the crate `ipc` made.
///
/// # Errors
///
/// Another process could not find the function.
///
/// # Example
///
/// ```
/// use std::sync::OnceLock;
///
/// use proc_spawn::{Failure, Process, StartMethod};
///
/// static TABLE: OnceLock<Vec<u64>> = OnceLock::new();
///
/// fn load() {
///     TABLE.get_or_init(|| (0..1000).map(|n| n * n).collect());
/// }
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), Failure> {
///     proc_spawn::forkserver_preload(load)?;
///     let builder = Process::builder().start_method(StartMethod::ForkServer);
///     let child = builder.spawn(|n: usize| TABLE.get().map(|table| table[n]), 12)?;
///     assert_eq!(child.join()?, Some(144));
///     Ok(())
/// }
/// ```
pub fn forkserver_preload<F>(_f: F) -> Result<(), SpawnError>
where
    F: FnOnce() + CapturesNothing,
{
    const { F::CHECKED };
    let name = entry::name::<Load<F>>()?;
    *preload() = Some(name);
    forkserver::end();
    Ok(())
}

fn preload() -> MutexGuard<'static, Option<EntryName>> {
    PRELOAD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stands in the image for each function that a server may be told to load.
struct Load<F>(PhantomData<F>);

impl<F: FnOnce() + CapturesNothing> Entry for Load<F> {
    type Signature = unsafe fn(Loading);
    const POINTER: unsafe fn(Loading) = load::<F>;
}

/// Only makes the signature another than that of any other entry.
#[derive(Debug)]
pub(crate) struct Loading;

/// An entry that does nothing.
struct Nothing;

impl Entry for Nothing {
    type Signature = fn();
    const POINTER: fn() = || {};
}

/// # Safety
///
/// A value of `F` was given to [`forkserver_preload`].
unsafe fn load<F: FnOnce() + CapturesNothing>(_: Loading) {
    // SAFETY: the caller vouches for it.
    let f = unsafe { conjure::<F>() };
    f();
}

/// What a server is told that is started now.
pub(crate) fn preparation() -> Vec<u8> {
    // Two integers in a buffer that grows cannot fail to be encoded.
    postcard::to_allocvec(&*preload()).unwrap_or_default()
}

/// Is the fork server, if this process was started to be that. Returns in everything else, also in the
/// children that the server makes, with `true` in these.
pub(crate) fn serve() -> bool {
    let is_fork_server = forkserver::is_fork_server();
    if is_fork_server {
        forkserver::serve(|preparation| {
            // Nobody may catch a panic and go on with `main`.
            let prepared = panic::catch_unwind(|| prepare(preparation));
            prepared.unwrap_or_else(|_| runtime::leave(101));
        });
    }
    is_fork_server
}

/// Does all that need not be done in each child.
fn prepare(preparation: &[u8]) {
    arrival::settle_down();
    // Finds the image, which stays where it is.
    let ours = entry::name::<Nothing>();
    let Ok(wanted) = postcard::from_bytes::<Option<EntryName>>(preparation) else {
        runtime::leave(1)
    };
    let Some(wanted) = wanted.filter(|_| ours.is_ok()) else { return };
    let Ok(load) = entry::resolve::<unsafe fn(Loading)>(wanted) else { runtime::leave(1) };
    // SAFETY: the names of such entries come from `forkserver_preload` alone.
    unsafe { load(Loading) };
}
