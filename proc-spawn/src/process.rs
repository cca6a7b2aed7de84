//! Functions that run in a process of their own.

use std::fmt;
use std::io;
use std::process::{ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bootstrap::{self, Launched, Link};
use crate::builder::Builder;
use crate::call::Call;
use crate::children::Child;
use crate::error::{JoinError, SpawnError};
use crate::portable::CapturesNothing;
use crate::run::Run;
use crate::sentinel::Sentinel;
use crate::settings::ProcessSettings;
use crate::spawn::{Join, Settings, Spawn};
use crate::sys::end::exitcode;
use crate::sys::fate::{Fate, Signal};

/// A function that was started in a process of its own.
///
/// The process is this program, started anew: it has the same code and arguments, but no memory of
/// this one. What the function needs are its arguments, what it makes is its result, and both are
/// serde; handles of the crate `ipc` may be part of either. Use [`Thread`](crate::Thread) where no
/// wall is needed.
///
/// Dropping a handle that was not joined: a daemon is killed; any other runs on and is waited
/// for at the normal exit of this process. [`detach`](Self::detach) leaves it to itself.
///
/// # Process death
///
/// However the child dies, every method that waits returns, and says how it died. By the time one
/// of them returns, everything the child held has been released. When this process dies, its
/// daemons die too; other children run on.
///
/// # Example
///
/// ```
/// use proc_spawn::{Failure, JoinError, Process};
///
/// fn divide(a: i64, b: i64) -> i64 {
///     a / b
/// }
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), Failure> {
///     let child = Process::spawn(divide, (42, 2))?;
///     assert_eq!(child.join()?, 21);
///
///     let child = Process::spawn(divide, (42, 0))?;
///     let Err(JoinError::Panicked(panic)) = child.join() else { unreachable!() };
///     assert_eq!(panic.message, "attempt to divide by zero");
///     Ok(())
/// }
/// ```
#[must_use = "dropping the handle kills a daemon, and leaves any other process to itself"]
pub struct Process<R = ()> {
    owner: Owner,
    /// Gone once the result was taken.
    link: Option<Link<R>>,
}

/// The handle's duty towards the child.
struct Owner {
    child: Arc<Child>,
    /// Whether a daemon ends with the handle.
    kills: bool,
}

impl Settings for Process {
    type Own = ProcessSettings;
}

impl Process {
    /// Starts a process that runs `f` with `args`; see [`Call`] for what the arguments may be.
    ///
    /// `f` is a fn item or a closure that captures nothing; one that does is a compile error.
    /// It returns as soon as the process exists. What goes wrong in it before the function
    /// begins is told by [`join`](Self::join).
    ///
    /// The child exits with code 0 when the function has returned, and with 101 when it panicked.
    ///
    /// # Errors
    ///
    /// Why it was not started; [`SpawnError::NotInitialized`] if [`init`](crate::init) was
    /// forgotten.
    pub fn spawn<F, A, M>(f: F, args: A) -> Result<Process<F::Output>, SpawnError>
    where
        F: Call<A, M> + CapturesNothing,
        F::Output: Serialize + DeserializeOwned + 'static,
        A: Serialize + DeserializeOwned + 'static,
        M: 'static,
    {
        const { F::CHECKED };
        Self::builder().spawn(f, args)
    }

    /// Starts a process that runs the task.
    ///
    /// # Errors
    ///
    /// As for [`spawn`](Self::spawn).
    pub fn start<T>(task: T) -> Result<Process<T::Output>, SpawnError>
    where
        T: Run + Serialize + DeserializeOwned + 'static,
        T::Output: Serialize + DeserializeOwned + 'static,
    {
        Self::builder().start(task)
    }

    /// Sets up the start first.
    pub fn builder() -> Builder<Process> {
        Builder::new()
    }
}

impl<R> Process<R> {
    /// Its process id. After the end it may be another process's.
    pub fn id(&self) -> u32 {
        self.owner.child.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.owner.child.name
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        self.exit_status().is_none()
    }

    /// How it ended, if it has; never waits.
    ///
    /// If other code of this process took note of the end in our stead (it calls `waitpid` for any
    /// child, or ignores SIGCHLD), the status is that of an exit with code 255.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.owner.child.fate().map(Fate::status)
    }

    /// The code it exited with, or −N if signal N killed it; on Windows −9 and −15 if it was killed or terminated by
    /// this crate. [Python's `exitcode`]
    pub fn exitcode(&self) -> Option<i32> {
        self.exit_status().map(exitcode)
    }

    /// Waits for its end. Any number of threads may wait, and all are told the same. As with [`join`](Self::join), a
    /// pipe to its standard input that was not taken is closed first.
    pub fn wait(&self) -> ExitStatus {
        drop(self.owner.child.streams().stdin.take());
        self.owner.child.settled().status()
    }

    /// The same, for at most this long. `None` if it still runs by then. The pipe is left open.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<ExitStatus> {
        self.settled_within(timeout).map(Fate::status)
    }

    fn settled_within(&self, timeout: Duration) -> Option<Fate> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.owner.child.settled_by(deadline),
            // A time too far to be told is as good as never.
            None => Some(self.owner.child.settled()),
        }
    }

    /// Asks it to end (SIGTERM). It may refuse, or clean up first. No error if it has ended. Windows has nothing to ask
    /// with: there it is [`kill`](Self::kill), with another code.
    ///
    /// # Errors
    ///
    /// This process may not signal the child, because the child has changed its user.
    pub fn terminate(&self) -> io::Result<()> {
        self.owner.child.signal(Signal::Terminate)
    }

    /// Ends it (SIGKILL). No error if it has ended.
    ///
    /// # Errors
    ///
    /// This process may not signal the child, because the child has changed its user.
    pub fn kill(&self) -> io::Result<()> {
        self.owner.child.signal(Signal::Kill)
    }

    /// Its end, as something to wait for beside other things.
    pub fn sentinel(&self) -> &Sentinel {
        &self.owner.child.sentinel
    }

    /// The pipe to its standard input, if the builder was told to make one; the first time.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.owner.child.streams().stdin.take()
    }

    /// The pipe from its standard output, if the builder was told to make one; the first time.
    ///
    /// Read it while the child runs: a child that has filled a pipe waits for room in it.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.owner.child.streams().stdout.take()
    }

    /// The pipe from its standard error, if the builder was told to make one; the first time. As
    /// for [`take_stdout`](Self::take_stdout), read it while the child runs.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.owner.child.streams().stderr.take()
    }
}

impl<R: DeserializeOwned + 'static> Process<R> {
    /// Waits for its end and takes the result.
    ///
    /// A result that was handed over counts, whatever became of the process after its
    /// function had returned; [`wait`](Self::wait) tells of that.
    ///
    /// A pipe to its standard input is closed first, so that a child that reads to the end of it
    /// comes there.
    ///
    /// # Errors
    ///
    /// Why there is no result: [`JoinError`] has a case for each.
    pub fn join(mut self) -> Result<R, JoinError> {
        drop(self.take_stdin());
        let fate = self.owner.child.settled();
        self.conclude(fate)
    }

    /// The same, for at most this long. `None` if it still runs by then; it can be joined later.
    /// The pipe to its standard input is left open.
    pub fn join_timeout(&mut self, timeout: Duration) -> Option<Result<R, JoinError>> {
        self.settled_within(timeout).map(|fate| self.conclude(fate))
    }

    /// The same, without waiting.
    pub fn try_join(&mut self) -> Option<Result<R, JoinError>> {
        self.join_timeout(Duration::ZERO)
    }

    /// Leaves it to itself: nobody waits for it, not even at exit. A daemon still ends with this
    /// process.
    pub fn detach(mut self) {
        self.owner.kills = false;
        if let Some(link) = self.link.take() {
            self.owner.child.detach(move || link.wait_for_begin());
        }
    }

    /// What the child has to say, once it is settled.
    fn conclude(&mut self, fate: Fate) -> Result<R, JoinError> {
        let link = self.link.take().ok_or(JoinError::Taken)?;
        link.conclude(&self.owner.child, fate)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.child.close_streams();
        if self.kills
            && self.child.daemon
            && self.child.is_ours()
            && self.child.signal(Signal::Kill).is_ok()
        {
            self.child.settled();
        }
    }
}

/// Starts a process.
pub(crate) fn launch<F, A, M>(
    builder: Builder<Process>,
    f: F,
    args: A,
) -> Result<Process<F::Output>, SpawnError>
where
    F: Call<A, M> + CapturesNothing,
    F::Output: Serialize + DeserializeOwned + 'static,
    A: Serialize + DeserializeOwned + 'static,
    M: 'static,
{
    bootstrap::launch(builder, f, args).map(Process::from)
}

impl<R> From<Launched<R>> for Process<R> {
    fn from(Launched { child, link }: Launched<R>) -> Self {
        Self { owner: Owner { child, kills: true }, link: Some(link) }
    }
}

impl<R> fmt::Debug for Process<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("name", &self.name())
            .field("id", &self.id())
            .field("daemon", &self.owner.child.daemon)
            .field("exitcode", &self.exitcode())
            .finish()
    }
}

impl<R: DeserializeOwned + 'static> Join<R> for Process<R> {
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

impl Spawn for Process {
    type Handle<R>
        = Process<R>
    where
        R: Serialize + DeserializeOwned + Send + 'static;

    fn spawn<F, A, M>(f: F, args: A) -> Result<Process<F::Output>, SpawnError>
    where
        F: Call<A, M> + CapturesNothing + Send,
        F::Output: Serialize + DeserializeOwned + Send + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static,
    {
        const { F::CHECKED };
        Self::spawn(f, args)
    }

    fn start<T>(task: T) -> Result<Process<T::Output>, SpawnError>
    where
        T: Run + Serialize + DeserializeOwned + Send + 'static,
        T::Output: Serialize + DeserializeOwned + Send + 'static,
    {
        Self::start(task)
    }
}
