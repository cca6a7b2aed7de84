//! What can be set before a pool is made.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use proc_spawn::{Call, StartMethod, cpu_count};

use crate::backend::{Processes, Remote, Running, Threads};
use crate::error::PoolError;
use crate::event::{Event, Events};
use crate::initializer::{ForProcesses, ForThreads, Initializer, NoInitializer};
use crate::process_pool::ProcessPool;
use crate::remote::Carrier;
use crate::remote_pool::RemotePool;
use crate::settings::{CallSettings, Describe, Settings};
use crate::thread_pool::ThreadPool;

/// Where a pool with settings begins: [`Pool::builder`].
///
/// The pools themselves are [`ThreadPool`] and [`ProcessPool`].
#[derive(Debug)]
pub enum Pool {}

impl Pool {
    /// Sets a pool up.
    pub fn builder() -> Builder {
        let (settings, calls) = (Settings::default(), CallSettings::default());
        Builder { name: None, settings, calls, initializer: NoInitializer }
    }
}

/// Sets up a [`ThreadPool`] or a [`ProcessPool`].
///
/// # Example
///
/// ```
/// use std::sync::OnceLock;
///
/// static FACTOR: OnceLock<u64> = OnceLock::new();
///
/// fn prepare(factor: u64) {
///     FACTOR.get_or_init(|| factor);
/// }
///
/// fn scale(n: u64) -> u64 {
///     n * FACTOR.get().expect("the initializer has set it")
/// }
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), proc_spawn::Failure> {
///     let pool = pool::Pool::builder().workers(2).initializer(prepare, 10).processes()?;
///     assert_eq!(pool.map(scale, [1, 2, 3])?, [10, 20, 30]);
///     Ok(())
/// }
/// ```
#[must_use = "no pool is made before `threads` or `processes` is called"]
pub struct Builder<I = NoInitializer> {
    name: Option<String>,
    settings: Settings,
    calls: CallSettings,
    initializer: I,
}

impl<I> Builder<I> {
    /// How many workers there are. 0, and saying nothing, is as many as this process may use
    /// processors.
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers;
        self
    }

    /// The name of the pool. Its workers are `name-0`, `name-1` and so on.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many items of a call go to a worker together. Without this it is Python's formula: enough
    /// to give each worker four chunks. More to a chunk costs less for each item; fewer spread
    /// items of unequal weight better. It changes nothing in what a death or a panic costs.
    pub fn chunk_size(mut self, items: usize) -> Self {
        self.calls.chunk_size = Some(items);
        self
    }

    /// Calls `f` with `args` in each worker before its first task, also in one that replaces
    /// another. What it returns stays with the worker: its tasks reach it by
    /// [`with_state`](crate::with_state).
    ///
    /// If it panics in a worker it is called anew in another attempt, a bit later each time. Once no worker
    /// works and it has failed again and again, the pool ends: all that was or will be submitted
    /// is [`TaskError::Initializer`](crate::TaskError::Initializer).
    pub fn initializer<F, A, M>(self, f: F, args: A) -> Builder<Initializer<F, A, M>>
    where
        F: Call<A, M>,
    {
        let Builder { name, settings, calls, .. } = self;
        Builder { name, settings, calls, initializer: Initializer::new(f, args) }
    }

    /// Replaces a worker after so many tasks, so that what they leak goes with it. A chunk counts as one
    /// task, as in Python: with [`chunk_size`](Self::chunk_size) 1 it is items that are counted. A
    /// replaced worker is counted among the `restarts` of the stats, and its successor runs
    /// the initializer.
    #[doc(alias = "maxtasksperchild")]
    pub fn max_tasks_per_worker(mut self, tasks: usize) -> Self {
        self.settings.max_tasks = Some(tasks);
        self
    }

    /// How long an item may run; the time it waits for a worker does not count. What takes longer is
    /// [`TaskError::TimedOut`](crate::TaskError::TimedOut), and no other item pays for it, in whatever
    /// chunk they are.
    ///
    /// In a pool of processes its worker is killed and replaced. **A thread cannot be stopped**: it goes
    /// on with the item, but is given up and replaced, and nobody waits for it, not even
    /// [`join`](ThreadPool::join). It ends with the item, or with this process.
    pub fn task_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// How often an item is begun anew whose worker process died, each time a bit later; without this it
    /// is not. Threads do not die, and a panic, a time-out and a cancelled task are final.
    ///
    /// An item with an [`Owned`](ipc::Owned) in it moves to its worker and is gone with it: it cannot be
    /// begun anew.
    pub fn retries(mut self, retries: u32) -> Self {
        self.settings.retries = retries;
        self
    }

    /// Limits the memory that each worker process can have for itself; see
    /// [`proc_spawn::Builder::memory_limit`]. An item whose worker is refused more is
    /// [`TaskError::MemoryLimit`](crate::TaskError::MemoryLimit). Threads share the memory of this
    /// process: a pool of them with a limit is refused.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.settings.memory_limit = Some(bytes);
        self
    }

    /// How worker processes are started; without this, as
    /// [`proc_spawn::set_start_method`] says. Means nothing to threads.
    pub fn start_method(mut self, method: StartMethod) -> Self {
        self.settings.start_method = Some(method);
        self
    }

    /// Calls `listener` with each [`Event`]: a worker started or ended, a task failed or is begun anew.
    ///
    /// It is called by the threads that look after the workers, sometimes by several at a time, and
    /// they wait for it: it should hand on what takes long. If it panics, that is all that happens.
    pub fn on_event(mut self, listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        let events = Events::to(listener);
        (self.settings.events, self.calls.events) = (events.clone(), events);
        self
    }

    /// Shows on stderr, if that is a terminal, how far calls of many items have come. Needs the feature
    /// `progress`.
    #[cfg(feature = "progress")]
    pub fn progress(mut self, progress: crate::Progress) -> Self {
        self.calls.gauges = progress.gauges();
        self.settings.watched = true;
        self
    }

    /// Names items of the type `A` in words, for the events that tell of them and for
    /// [`TaskError::WorkerDied`](crate::TaskError::WorkerDied).
    pub fn describe<A: 'static>(
        mut self,
        f: impl Fn(&A) -> String + Send + Sync + 'static,
    ) -> Self {
        self.calls.describe = Some(Describe::new(f));
        self
    }

    /// Makes a pool of threads.
    ///
    /// # Errors
    ///
    /// A setting is not valid, or the system has no more threads.
    pub fn threads(self) -> Result<ThreadPool, PoolError>
    where
        I: ForThreads,
    {
        if self.settings.memory_limit.is_some() {
            return invalid("the memory limit", "threads have no memory of their own");
        }
        let (settings, calls, initializer) = self.check("ThreadPool")?;
        let threads = Threads::start(&settings, Box::new(initializer))?;
        Ok(ThreadPool::of(Running::new(threads, calls)))
    }

    /// Makes a pool of processes.
    ///
    /// # Errors
    ///
    /// A setting is not valid, or a worker was not started:
    /// [`SpawnError::NotInitialized`](proc_spawn::SpawnError::NotInitialized) if the main guard was
    /// forgotten. None is left then.
    pub fn processes(self) -> Result<ProcessPool, PoolError>
    where
        I: ForProcesses,
    {
        let (settings, calls, initializer) = self.check("ProcessPool")?;
        let processes = Processes::start(&settings, initializer)?;
        Ok(ProcessPool::of(Running::new(processes, calls)))
    }

    /// What was set, if it makes a pool.
    fn check(self, kind: &str) -> Result<(Settings, CallSettings, I), PoolError> {
        static MADE: AtomicU64 = AtomicU64::new(1);
        let Builder { name, mut settings, calls, initializer } = self;
        if calls.chunk_size == Some(0) {
            return invalid("the chunk size", "a chunk has at least one item");
        }
        if settings.workers > MOST_WORKERS {
            return invalid("the number of workers", "no system has so many");
        }
        if settings.max_tasks == Some(0) {
            return invalid("the number of tasks to a worker", "a worker runs at least one");
        }
        if settings.timeout == Some(Duration::ZERO) {
            return invalid("the time limit of a task", "no task ends before it begins");
        }
        settings.name = match name {
            Some(name) if name.contains('\0') => {
                return invalid("the name", "it contains a zero byte");
            }
            Some(name) => name,
            None => format!("{kind}-{}", MADE.fetch_add(1, Relaxed)),
        };
        if settings.workers == 0 {
            settings.workers = cpu_count();
        }
        Ok((settings, calls, initializer))
    }
}

impl Builder {
    /// Makes a pool of the workers that a carrier leads to.
    ///
    /// # Errors
    ///
    /// A setting is not valid, or is one for those who start the workers: their number, limits,
    /// `max_tasks_per_worker` and the start method.
    pub fn carried_by(self, carrier: impl Carrier) -> Result<RemotePool, PoolError> {
        let Settings { workers, timeout, max_tasks, memory_limit, start_method, .. } =
            self.settings;
        let foreign = [
            ("the number of workers", workers != 0),
            ("the time limit of a task", timeout.is_some()),
            ("the number of tasks to a worker", max_tasks.is_some()),
            ("the memory limit", memory_limit.is_some()),
            ("the start method", start_method.is_some()),
        ];
        if let Some((what, _)) = foreign.into_iter().find(|(_, is_set)| *is_set) {
            return invalid(what, "it is for those who start the workers, and they are elsewhere");
        }
        let (settings, calls, _) = self.check("RemotePool")?;
        let remote = Remote::new(Box::new(carrier), &settings);
        Ok(RemotePool::of(Running::new(remote, calls)))
    }
}

/// No Linux has more processes or threads.
const MOST_WORKERS: usize = 1 << 22;

fn invalid<T>(what: &'static str, problem: &'static str) -> Result<T, PoolError> {
    Err(PoolError::Invalid { what, problem })
}

impl<I> fmt::Debug for Builder<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}
