//! Functions that run on a thread, with the face of those that run in a process.

use std::fmt;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::builder::Builder;
use crate::call::Call;
use crate::error::{JoinError, SpawnError};
use crate::panic::{self, Panic};
use crate::portable::CapturesNothing;
use crate::run::Run;
use crate::settings::{ThreadSettings, has_zero};
use crate::spawn::{Join, Settings, Spawn};

/// A function that was started on a thread of this process.
///
/// The counterpart of [`Process`](crate::Process), for work that needs no wall around it: it starts
/// a hundred times faster, its function may capture, and neither arguments nor result have to
/// be serde. Against [`std::thread`] it tells where a panic happened and can be joined with a
/// timeout. What it has not is a `kill`: a thread cannot be ended from outside.
///
/// Dropping the handle leaves the thread to itself.
///
/// # Process death
///
/// Threads end with their process. See [`Builder::daemon`] for which are waited for.
///
/// # Example
///
/// ```
/// use proc_spawn::{Failure, Thread};
///
/// let numbers = vec![1, 2, 3];
/// let worker = Thread::spawn(move |factor| numbers.iter().map(|n| n * factor).sum::<i32>(), 2)?;
/// assert_eq!(worker.join()?, 12);
/// # Ok::<(), Failure>(())
/// ```
#[must_use = "dropping the handle leaves the thread to itself"]
pub struct Thread<R = ()> {
    thread: JoinHandle<()>,
    name: Arc<str>,
    packet: Arc<Packet<R>>,
    waited_for: Arc<WaitedFor>,
}

/// Where a thread leaves its result.
struct Packet<R> {
    state: Mutex<Stage<R>>,
    ended: Condvar,
}

enum Stage<R> {
    Running,
    Ended(Result<R, Panic>),
    Taken,
}

impl Settings for Thread {
    type Own = ThreadSettings;
}

impl Thread {
    /// Starts a thread that runs `f` with `args`; see [`Call`] for what these may be.
    ///
    /// # Errors
    ///
    /// Why it was not started.
    pub fn spawn<F, A, M>(f: F, args: A) -> Result<Thread<F::Output>, SpawnError>
    where
        F: Call<A, M> + Send + 'static,
        F::Output: Send + 'static,
        A: Send + 'static,
    {
        Self::builder().spawn(f, args)
    }

    /// Starts a thread that runs the task.
    ///
    /// # Errors
    ///
    /// Why it was not started.
    pub fn start<T>(task: T) -> Result<Thread<T::Output>, SpawnError>
    where
        T: Run + Send + 'static,
        T::Output: Send + 'static,
    {
        Self::builder().start(task)
    }

    /// Sets up the start first.
    pub fn builder() -> Builder<Thread> {
        Builder::new()
    }
}

impl<R> Thread<R> {
    /// Waits for the end and takes the result.
    ///
    /// # Errors
    ///
    /// [`JoinError::Panicked`] if the function panicked, [`JoinError::Taken`] if an earlier call
    /// has returned the result.
    pub fn join(self) -> Result<R, JoinError> {
        // The thread catches its own panics; one in the destructor of a thread-local aborts.
        let _ = self.thread.join();
        self.packet.take(None).unwrap_or(Err(JoinError::Taken))
    }

    /// The same, for at most this long. `None` if it still runs by then; it can be joined later.
    pub fn join_timeout(&mut self, timeout: Duration) -> Option<Result<R, JoinError>> {
        // A time too far to be told is as good as never.
        self.packet.take(Instant::now().checked_add(timeout))
    }

    /// The same, without waiting.
    pub fn try_join(&mut self) -> Option<Result<R, JoinError>> {
        self.join_timeout(Duration::ZERO)
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        matches!(*self.packet.stage(), Stage::Running)
    }

    /// What tells it from the other threads.
    pub fn id(&self) -> ThreadId {
        self.thread.thread().id()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Leaves the thread to itself: nobody waits for it any more.
    pub fn detach(self) {
        self.waited_for.release();
    }
}

impl<R> Packet<R> {
    fn stage(&self) -> MutexGuard<'_, Stage<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the result once there is one. `None` if there is none by the deadline.
    fn take(&self, deadline: Option<Instant>) -> Option<Result<R, JoinError>> {
        let mut stage = self.stage();
        while let Stage::Running = *stage {
            stage = match deadline {
                None => self.ended.wait(stage).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.checked_duration_since(Instant::now())?;
                    let woken = self.ended.wait_timeout(stage, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        Some(match std::mem::replace(&mut *stage, Stage::Taken) {
            Stage::Ended(result) => result.map_err(JoinError::Panicked),
            Stage::Running | Stage::Taken => Err(JoinError::Taken),
        })
    }
}

/// Starts a thread that runs `f`.
pub(crate) fn launch<R: Send + 'static>(
    builder: Builder<Thread>,
    f: impl FnOnce() -> R + Send + 'static,
) -> Result<Thread<R>, SpawnError> {
    static STARTED: AtomicU64 = AtomicU64::new(0);
    let Builder { name, daemon, own: ThreadSettings } = builder;
    let name = name.unwrap_or_else(|| format!("Thread-{}", STARTED.fetch_add(1, Relaxed) + 1));
    if has_zero(name.as_ref()) {
        let what = format!("the thread name `{}`", name.escape_debug());
        return Err(SpawnError::Invalid { what, problem: "it contains a zero byte" });
    }

    let packet = Arc::new(Packet { state: Mutex::new(Stage::Running), ended: Condvar::new() });
    let waited_for = Arc::new(WaitedFor::new(!daemon.unwrap_or(false)));
    let (theirs, until_end) = (Arc::clone(&packet), Arc::clone(&waited_for));
    let name_of_handle = Arc::from(name.as_str());
    let thread = thread::Builder::new()
        .name(name)
        .spawn(move || {
            let result = panic::catch(drop, f);
            // A handle that is gone left nobody to take it: then its drop is this thread's.
            *theirs.stage() = Stage::Ended(result);
            theirs.ended.notify_all();
            drop(theirs);
            until_end.release();
        })
        .map_err(SpawnError::system("start a thread"))?;
    Ok(Thread { thread, name: name_of_handle, packet, waited_for })
}

/// A thread's part in the number of those that are waited for.
struct WaitedFor {
    counts: AtomicBool,
    /// The process that the thread is in: a fork has a copy of the handle and no such thread.
    process: u32,
}

static WAITED_FOR: Mutex<usize> = Mutex::new(0);
static NONE_LEFT: Condvar = Condvar::new();

fn waited_for() -> MutexGuard<'static, usize> {
    WAITED_FOR.lock().unwrap_or_else(PoisonError::into_inner)
}

impl WaitedFor {
    fn new(counts: bool) -> Self {
        *waited_for() += usize::from(counts);
        Self { counts: AtomicBool::new(counts), process: process::id() }
    }

    fn release(&self) {
        // Relaxed: the number is under the lock, the flag only says who lowers it.
        if self.counts.swap(false, Relaxed) && self.process == process::id() {
            let mut left = waited_for();
            *left -= 1;
            if *left == 0 {
                NONE_LEFT.notify_all();
            }
        }
    }
}

/// Also when the thread could not be started.
impl Drop for WaitedFor {
    fn drop(&mut self) {
        self.release();
    }
}

/// Keeps the number as it is while this process forks.
pub(crate) fn hold() -> Held {
    Held(waited_for())
}

/// See [`hold`].
pub(crate) struct Held(MutexGuard<'static, usize>);

impl Held {
    /// In the fork, which has none of the threads.
    pub(crate) fn forget(mut self) {
        *self.0 = 0;
    }
}

/// Sleeps until every thread has ended that is neither a daemon nor detached.
pub(crate) fn wait_for_all() {
    let mut left = waited_for();
    while *left > 0 {
        left = NONE_LEFT.wait(left).unwrap_or_else(PoisonError::into_inner);
    }
}

impl<R> fmt::Debug for Thread<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("name", &self.name)
            .field("id", &self.id())
            .field("is_alive", &self.is_alive())
            .finish()
    }
}

impl<R> Join<R> for Thread<R> {
    fn join(self) -> Result<R, JoinError> {
        self.join()
    }

    fn join_timeout(&mut self, timeout: Duration) -> Option<Result<R, JoinError>> {
        self.join_timeout(timeout)
    }

    fn try_join(&mut self) -> Option<Result<R, JoinError>> {
        self.try_join()
    }

    fn is_alive(&self) -> bool {
        self.is_alive()
    }

    fn name(&self) -> &str {
        self.name()
    }
}

impl Spawn for Thread {
    type Handle<R>
        = Thread<R>
    where
        R: Serialize + DeserializeOwned + Send + 'static;

    fn spawn<F, A, M>(f: F, args: A) -> Result<Thread<F::Output>, SpawnError>
    where
        F: Call<A, M> + CapturesNothing + Send,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static,
    {
        Self::spawn(f, args)
    }

    fn start<T>(task: T) -> Result<Thread<T::Output>, SpawnError>
    where
        T: Run + Serialize + DeserializeOwned + Send + 'static,
        T::Output: Serialize + DeserializeOwned + Send + 'static,
    {
        Self::start(task)
    }
}
