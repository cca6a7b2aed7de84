//! What can be set before a pool is made.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use proc_spawn::{Call, cpu_count};

use crate::backend::{Processes, Running, Threads};
use crate::error::PoolError;
use crate::initializer::{ForProcesses, ForThreads, Initializer, NoInitializer};
use crate::process_pool::ProcessPool;
use crate::thread_pool::ThreadPool;

/// Where a pool with settings begins: [`Pool::builder`].
///
/// The pools themselves are [`ThreadPool`] and [`ProcessPool`].
#[derive(Debug)]
pub enum Pool {}

impl Pool {
    /// Sets a pool up.
    pub fn builder() -> Builder {
        Builder { workers: 0, name: None, chunk_size: None, initializer: NoInitializer }
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
    workers: usize,
    name: Option<String>,
    chunk_size: Option<usize>,
    initializer: I,
}

impl<I> Builder<I> {
    /// How many workers there are. 0, and saying nothing, is as many as this process may use
    /// processors.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
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
        self.chunk_size = Some(items);
        self
    }

    /// Calls `f` with `args` in each worker before its first task, also in one that replaces
    /// another.
    ///
    /// If it panics in a worker it is called anew in another attempt, a bit later each time. Once no worker
    /// works and it has failed again and again, the pool ends: all that was or will be submitted
    /// is [`TaskError::Initializer`](crate::TaskError::Initializer).
    pub fn initializer<F, A, M>(self, f: F, args: A) -> Builder<Initializer<F, A, M>>
    where
        F: Call<A, M, Output = ()>,
    {
        let Builder { workers, name, chunk_size, .. } = self;
        Builder { workers, name, chunk_size, initializer: Initializer::new(f, args) }
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
        let (workers, name) = self.check("ThreadPool")?;
        let threads = Threads::start(workers, &name, Box::new(self.initializer))?;
        Ok(ThreadPool::of(Running::new(threads, self.chunk_size)))
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
        let (workers, name) = self.check("ProcessPool")?;
        let processes = Processes::start(workers, &name, self.initializer)?;
        Ok(ProcessPool::of(Running::new(processes, self.chunk_size)))
    }

    /// The number of workers and the name of the pool.
    fn check(&self, kind: &str) -> Result<(usize, String), PoolError> {
        static MADE: AtomicU64 = AtomicU64::new(1);
        let invalid = |what, problem| Err(PoolError::Invalid { what, problem });
        if self.chunk_size == Some(0) {
            return invalid("the chunk size", "a chunk has at least one item");
        }
        let name = match &self.name {
            Some(name) if name.contains('\0') => {
                return invalid("the name", "it contains a zero byte");
            }
            Some(name) => name.clone(),
            None => format!("{kind}-{}", MADE.fetch_add(1, Relaxed)),
        };
        Ok((if self.workers == 0 { cpu_count() } else { self.workers }, name))
    }
}

impl<I> fmt::Debug for Builder<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("workers", &self.workers)
            .field("name", &self.name)
            .field("chunk_size", &self.chunk_size)
            .finish_non_exhaustive()
    }
}
