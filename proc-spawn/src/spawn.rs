//! Code that does not care whether it starts threads or processes.

use std::fmt::Debug;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::builder::Builder;
use crate::call::Call;
use crate::error::{JoinError, SpawnError};
use crate::portable::CapturesNothing;
use crate::run::Run;

/// What can start a function: [`Process`](crate::Process) or [`Thread`](crate::Thread).
///
/// For code that is generic over the two. It has the bounds that a process needs; the methods of
/// `Thread` itself relax them.
///
/// # Example
///
/// ```
/// use proc_spawn::{Failure, Join, Process, Spawn, Thread};
///
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// fn sum_of_squares<W: Spawn>(numbers: &[u64]) -> Result<u64, Failure> {
///     let started: Vec<_> = numbers.iter().map(|&n| W::spawn(square, n)).collect();
///     let mut sum = 0;
///     for worker in started {
///         sum += worker?.join()?;
///     }
///     Ok(sum)
/// }
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), Failure> {
///     assert_eq!(sum_of_squares::<Thread>(&[1, 2, 3])?, 14);
///     assert_eq!(sum_of_squares::<Process>(&[1, 2, 3])?, 14);
///     Ok(())
/// }
/// ```
pub trait Spawn: Sized + Settings {
    /// What is known of the started function.
    type Handle<R>: Join<R>
    where
        R: Serialize + DeserializeOwned + Send + 'static;

    /// Starts `f` with `args`.
    ///
    /// # Errors
    ///
    /// Why it was not started.
    fn spawn<F, A, M>(f: F, args: A) -> Result<Self::Handle<F::Output>, SpawnError>
    where
        F: Call<A, M> + CapturesNothing + Send,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static;

    /// Starts a task.
    ///
    /// # Errors
    ///
    /// Why it was not started.
    fn start<T>(task: T) -> Result<Self::Handle<T::Output>, SpawnError>
    where
        T: Run + Serialize + DeserializeOwned + Send + 'static,
        T::Output: Serialize + DeserializeOwned + Send + 'static;

    /// Sets up the start first.
    fn builder() -> Builder<Self> {
        Builder::new()
    }
}

/// What a builder keeps for one kind of start. Only this crate implements it.
pub trait Settings {
    /// What can be set for this kind alone.
    #[doc(hidden)]
    type Own: Debug + Default + sealed::Sealed;
}

/// What is common to the handles of processes and threads.
pub trait Join<R>: Sized {
    /// Waits for the end and takes the result.
    ///
    /// # Errors
    ///
    /// Why there is no result.
    fn join(self) -> Result<R, JoinError>;

    /// The same, for at most this long. `None` if it still runs by then; it can be joined later.
    fn join_timeout(&mut self, timeout: Duration) -> Option<Result<R, JoinError>>;

    /// The same, without waiting.
    fn try_join(&mut self) -> Option<Result<R, JoinError>>;

    /// Whether it still runs.
    fn is_alive(&self) -> bool;

    /// Its name.
    fn name(&self) -> &str;
}

pub(crate) mod sealed {
    /// Implemented in this crate alone.
    pub trait Sealed {}
}
