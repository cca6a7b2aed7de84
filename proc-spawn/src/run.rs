//! Tasks that are values.

/// A task: what it needs is in its fields, what it does is in [`run`](Run::run).
///
/// The counterpart of subclassing Python's `Thread` or `Process` and overriding `run()`. Start one
/// with [`Thread::start`](crate::Thread::start) or [`Process::start`](crate::Process::start); the
/// latter needs the task and its output to be serde.
///
/// # Example
///
/// ```
/// use proc_spawn::{Run, Thread};
///
/// struct Sum {
///     numbers: Vec<u64>,
/// }
///
/// impl Run for Sum {
///     type Output = u64;
///
///     fn run(self) -> u64 {
///         self.numbers.iter().sum()
///     }
/// }
///
/// let worker = Thread::start(Sum { numbers: vec![1, 2, 3] })?;
/// assert_eq!(worker.join()?, 6);
/// # Ok::<(), proc_spawn::Failure>(())
/// ```
pub trait Run {
    /// What the task comes to.
    type Output;

    /// Does the task.
    fn run(self) -> Self::Output;
}
