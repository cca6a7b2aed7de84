//! What all pools share, for code that is generic over them.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ipc::entry::{self, EntryError, EntryName};
use proc_spawn::{Call, CapturesNothing, Portable, Whole};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::TaskError;
use crate::process_pool::ProcessPool;
use crate::remote_pool::RemotePool;
use crate::task::Task;
use crate::thread_pool::ThreadPool;

/// Somebody who runs tasks: [`ThreadPool`], [`ProcessPool`], [`RemotePool`], and whoever else keeps the contract.
///
/// It asks of functions and items what processes ask: [`ThreadPool`]'s own methods ask less.
///
/// # The contract
///
/// - A task is a function, its arguments and a [`TaskKey`]; [`TaskId`] is its name in writing. The function
///   is named by its place in one build of the program, so whoever runs it needs that build.
/// - Arguments and results are values that serde can write. An executor need not be able to carry handles of the
///   crate `ipc`, which lead into the memory of one machine: where it cannot, such a task is
///   [`TaskError::Encode`].
/// - A task whose worker is lost may be begun anew, if the executor was set up so, and it may turn out that the
///   lost worker had come to its end: *at least once*. What a task does to the world outside should bear
///   that.
/// - However often it is begun, it has one outcome. Two deliveries of a function under one key are one task: an executor
///   that can see a task twice tells by the key. Pools of this machine never do, for they have it until
///   it is done.
/// - Nothing waits for ever for a worker that is gone.
///
/// # Example
///
/// ```
/// use pool::{Executor, ProcessPool, TaskError, ThreadPool};
///
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// fn sum_of_squares(executor: &impl Executor) -> Result<u64, TaskError> {
///     Ok(executor.map(square, 1..=3)?.into_iter().sum())
/// }
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), proc_spawn::Failure> {
///     assert_eq!(sum_of_squares(&ThreadPool::new(2)?)?, 14);
///     assert_eq!(sum_of_squares(&ProcessPool::new(2)?)?, 14);
///     Ok(())
/// }
/// ```
pub trait Executor {
    /// How many tasks it runs at a time.
    fn workers(&self) -> usize;

    /// Has `f` called with `args`, under this key, and does not wait.
    fn deliver<F, A, M>(&self, key: TaskKey, f: F, args: A) -> Task<F::Output>
    where
        F: Call<A, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static;

    /// Takes nothing on any more; what was delivered is finished.
    fn close(&self);

    /// Takes nothing on any more, and gives up what was delivered: [`TaskError::Cancelled`].
    fn terminate(&self);

    /// Has `f` called with `args`, under a key of its own, and does not wait.
    fn submit<F, A, M>(&self, f: F, args: A) -> Task<F::Output>
    where
        F: Call<A, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static,
    {
        self.deliver(TaskKey::unique(), f, args)
    }

    /// Calls `f` with `args` and waits for the result.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn apply<F, A, M>(&self, f: F, args: A) -> Result<F::Output, TaskError>
    where
        F: Call<A, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static,
    {
        self.submit(f, args).get()
    }

    /// Calls `f` with each item and gives the results in the order of the items.
    ///
    /// # Errors
    ///
    /// An item failed: of the failed ones, that with the lowest index. Others may be skipped then.
    fn map<F, I, M>(&self, f: F, items: I) -> Result<Vec<F::Output>, TaskError>
    where
        F: Call<I::Item, M> + CapturesNothing + Send + Sync,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned + Send + 'static>,
        M: 'static,
    {
        let tasks: Vec<_> = items.into_iter().map(|item| self.submit(f, item)).collect();
        tasks.into_iter().map(Task::get).collect()
    }
}

/// The pools do themselves what is asked. How they take the items of a `map` is all in which they differ.
macro_rules! executor {
    ($pool:ident, |$this:ident, $key:ident, $f:ident, $items:ident| $submit:expr, $map:expr) => {
        impl Executor for $pool {
            fn workers(&self) -> usize {
                self.running().workers()
            }

            fn deliver<F, A, M>(&self, $key: TaskKey, $f: F, $items: A) -> Task<F::Output>
            where
                F: Call<A, M> + CapturesNothing + Send + Sync,
                F::Output: Serialize + DeserializeOwned + Send + 'static,
                A: Serialize + DeserializeOwned + Send + 'static,
                M: 'static,
            {
                let $this = self;
                $submit
            }

            fn close(&self) {
                self.close();
            }

            fn terminate(&self) {
                self.terminate();
            }

            fn map<F, I, M>(&self, $f: F, $items: I) -> Result<Vec<F::Output>, TaskError>
            where
                F: Call<I::Item, M> + CapturesNothing + Send + Sync,
                F::Output: Serialize + DeserializeOwned + Send + 'static,
                I: IntoIterator<Item: Serialize + DeserializeOwned + Send + 'static>,
                M: 'static,
            {
                let $this = self;
                $map
            }
        }
    };
}

executor!(ProcessPool, |pool, _key, f, it| pool.submit(f, it), pool.map(f, it));
executor!(RemotePool, |pool, key, f, it| pool.submit_as(Some(key), f, it), pool.map(f, it));
executor!(ThreadPool, |pool, _key, f, it| pool.submit(f, it), {
    pool.map::<_, _, Whole, _>(move |item: I::Item| f.call(item), it)
});

/// Makes several deliveries of one task known as one: an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskKey(u128);

impl TaskKey {
    /// A key that no other task has, of this or another process, on this or another machine.
    pub fn unique() -> TaskKey {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static GIVEN: AtomicU64 = AtomicU64::new(0);
        let process = PROCESS.get_or_init(|| RandomState::new().hash_one(std::process::id()));
        TaskKey(u128::from(*process) << 64 | u128::from(GIVEN.fetch_add(1, Relaxed)))
    }

    /// A key of the caller's making, for a task that is known by it already.
    pub fn new(key: u128) -> TaskKey {
        TaskKey(key)
    }

    /// Its value.
    pub fn value(self) -> u128 {
        self.0
    }
}

/// The name of a task in writing: which build of which program has its function, which function that is, and
/// which of its tasks this one is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TaskId {
    build: String,
    function: EntryName,
    key: TaskKey,
}

impl TaskId {
    /// Names a task of `f`.
    ///
    /// # Errors
    ///
    /// The function lies in a library that others may not have in the same place.
    pub fn new<F: CapturesNothing>(f: F, key: TaskKey) -> Result<TaskId, EntryError> {
        let function = EntryName::from(Portable::new(f)?);
        Ok(TaskId { build: entry::build().to_owned(), function, key })
    }

    /// The build of the program. Only that one has the function.
    pub fn build(&self) -> &str {
        &self.build
    }

    /// The function's name in that build.
    pub fn function(&self) -> EntryName {
        self.function
    }

    /// Which of the function's tasks it is.
    pub fn key(&self) -> TaskKey {
        self.key
    }
}
