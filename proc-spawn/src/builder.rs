//! What can be set before a start.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::{Call, Whole};
use crate::error::SpawnError;
use crate::portable::CapturesNothing;
use crate::process::{self, Process};
use crate::run::Run;
use crate::settings::Environment;
use crate::spawn::Settings;
use crate::start_method::StartMethod;
use crate::stdio::Stdio;
use crate::thread::{self, Thread};

/// Sets up the start of a [`Process`] or a [`Thread`].
///
/// # Example
///
/// ```
/// use proc_spawn::{Failure, Process, Stdio, current};
///
/// fn hello() -> String {
///     format!("{} says {}", current().name(), std::env::var("GREETING").unwrap_or_default())
/// }
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), Failure> {
///     let child = Process::builder()
///         .name("greeter")
///         .env("GREETING", "hello")
///         .stderr(Stdio::null())
///         .spawn(hello, ())?;
///     assert_eq!(child.join()?, "greeter says hello");
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "nothing is started before `spawn` or `start` is called"]
pub struct Builder<P: Settings> {
    pub(crate) name: Option<String>,
    pub(crate) daemon: Option<bool>,
    pub(crate) own: P::Own,
}

impl<P: Settings> Builder<P> {
    pub(crate) fn new() -> Self {
        Self { name: None, daemon: None, own: P::Own::default() }
    }

    /// Names it. Without this it is `Process-1`, `Process-2`, `Thread-1` and so on; the children of
    /// `Process-2` are `Process-2:1` and so on.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Makes it a daemon, or not.
    ///
    /// A daemon process ends with its parent, however that ends, and with its handle. Others are
    /// waited for at the normal exit of their parent. Without this it is what the process
    /// is that starts it.
    ///
    /// A thread that is no daemon is waited for when the function of a child process returns and
    /// when a `main` with [`#[proc_spawn::main]`](crate::main) does. Without this it is none.
    pub fn daemon(mut self, daemon: bool) -> Self {
        self.daemon = Some(daemon);
        self
    }
}

impl Builder<Process> {
    /// Sets how it is started; without this, as [`set_start_method`](crate::set_start_method) says.
    pub fn start_method(mut self, method: StartMethod) -> Self {
        self.own.start_method = Some(method);
        self
    }

    /// Sets a variable in the child's environment, which is otherwise a copy of this process's.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.own.environment.set(key.as_ref(), Some(value.as_ref()));
        self
    }

    /// Removes a variable from the child's environment.
    pub fn env_remove(mut self, key: impl AsRef<OsStr>) -> Self {
        self.own.environment.set(key.as_ref(), None);
        self
    }

    /// Gives the child only those variables that are set after this. On Windows, set `SystemRoot` again: without it the
    /// system has no sockets.
    pub fn env_clear(mut self) -> Self {
        self.own.environment = Environment::cleared();
        self
    }

    /// Starts this file, by whatever start method, instead of the one that this process runs. It has to be
    /// of the same build, such as a copy elsewhere; another one refuses, and a program that is none of
    /// this crate's ends before it comes to `init`. [Python's `set_executable`]
    pub fn executable(mut self, path: impl Into<PathBuf>) -> Self {
        self.own.executable = Some(path.into());
        self
    }

    /// Starts the child in this directory.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.own.directory = Some(directory.into());
        self
    }

    /// Sets where the child reads from; without this, where this process does.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.own.streams[0] = stdin.into();
        self
    }

    /// Sets where the child prints to; without this, where this process does.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.own.streams[1] = stdout.into();
        self
    }

    /// Sets where the child prints errors to; without this, where this process does.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.own.streams[2] = stderr.into();
        self
    }

    /// Keeps the last so many lines that the child prints to its standard error, for the error of a
    /// [`join`](Process::join) that gives no result: it is then
    /// [`JoinError::WithStderr`](crate::JoinError::WithStderr). The lines go where they went before as
    /// well, to this process's standard error or to nobody; a pipe or file that the child was given
    /// for it is refused. Of very long lines the last 64 KiB are kept.
    ///
    /// While nobody takes what this process prints to its standard error, a join waits as well, also one with a timeout.
    pub fn stderr_lines(mut self, lines: usize) -> Self {
        self.own.stderr_lines = lines;
        self
    }

    /// Keeps the interrupt of the terminal (Ctrl-C, SIGINT) from the child, from its first
    /// instruction on, so that this process decides what becomes of it. Otherwise an interrupt
    /// ends the child as it does any program. The child's own children are not affected.
    pub fn ignore_interrupt(mut self, ignore: bool) -> Self {
        self.own.ignore_interrupt = ignore;
        self
    }

    /// Limits the memory that the child can have for itself to so many bytes: its heap and whatever
    /// else it maps writable and private, the stacks of its threads too, whole (2 MiB unless they were told otherwise).
    /// Memory that it shares with others and the stack of its first thread do not
    /// count; what it has when it comes to its guard does, which is a few hundred KiB.
    ///
    /// A child that asks for more is refused, and as a rule dies of that: it is then
    /// [`JoinError::MemoryLimit`](crate::JoinError::MemoryLimit). On Windows, where what counts is
    /// what it has committed, the error is that of any abort. On macOS the child refuses: there is no such limit.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.own.limits.memory = Some(bytes);
        self
    }

    /// Limits the time that the child can spend computing, on all its threads together. It is counted
    /// in whole seconds; a fraction counts as one more.
    ///
    /// On Windows only what is spent outside the system counts, and the child is ended with code 1816. Elsewhere,
    /// when it is over, the child gets SIGXCPU, of which it dies unless it handles the signal, and a
    /// second later SIGKILL.
    pub fn cpu_time_limit(mut self, limit: Duration) -> Self {
        self.own.limits.cpu_time = Some(limit);
        self
    }

    /// Makes the child nicer than this process by so much: at 19 it gets what others leave over. To
    /// make it less nice needs a privilege. On Windows it is the priority class that comes next.
    pub fn nice(mut self, increment: i32) -> Self {
        self.own.limits.nice = Some(increment);
        self
    }

    /// Runs the child on these processors alone, which are counted from 0. On macOS the child refuses: nothing keeps it
    /// to some.
    pub fn affinity(mut self, processors: impl IntoIterator<Item = usize>) -> Self {
        self.own.limits.affinity = Some(processors.into_iter().collect());
        self
    }

    /// Calls `f` once the child has ended, what it held is released and it is reaped: its handle
    /// then tells how it ended, and can be joined, without waiting. If `spawn` or `start` fails,
    /// `f` is dropped and not called.
    ///
    /// It is called on a thread that looks after all children of this process. It must
    /// not wait for anything that another child does; dropping the handle of a living daemon
    /// is such a wait.
    pub fn on_end(mut self, f: impl FnOnce() + Send + 'static) -> Self {
        self.own.on_end = Some(Box::new(f));
        self
    }

    /// Starts a process that runs `f`. See [`Process::spawn`].
    ///
    /// # Errors
    ///
    /// Why it was not started.
    pub fn spawn<F, A, M>(self, f: F, args: A) -> Result<Process<F::Output>, SpawnError>
    where
        F: Call<A, M> + CapturesNothing,
        F::Output: Serialize + DeserializeOwned + 'static,
        A: Serialize + DeserializeOwned + 'static,
        M: 'static,
    {
        const { F::CHECKED };
        process::launch(self, f, args)
    }

    /// Starts a process that runs the task. See [`Process::start`].
    ///
    /// # Errors
    ///
    /// Why it was not started.
    pub fn start<T>(self, task: T) -> Result<Process<T::Output>, SpawnError>
    where
        T: Run + Serialize + DeserializeOwned + 'static,
        T::Output: Serialize + DeserializeOwned + 'static,
    {
        process::launch::<_, _, Whole>(self, T::run, task)
    }
}

impl Builder<Thread> {
    /// Starts a thread that runs `f`. See [`Thread::spawn`].
    ///
    /// # Errors
    ///
    /// Why it was not started.
    pub fn spawn<F, A, M>(self, f: F, args: A) -> Result<Thread<F::Output>, SpawnError>
    where
        F: Call<A, M> + Send + 'static,
        F::Output: Send + 'static,
        A: Send + 'static,
    {
        thread::launch(self, move || f.call(args))
    }

    /// Starts a thread that runs the task. See [`Thread::start`].
    ///
    /// # Errors
    ///
    /// Why it was not started.
    pub fn start<T>(self, task: T) -> Result<Thread<T::Output>, SpawnError>
    where
        T: Run + Send + 'static,
        T::Output: Send + 'static,
    {
        thread::launch(self, move || task.run())
    }
}
