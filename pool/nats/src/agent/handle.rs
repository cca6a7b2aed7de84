//! What a program sees of its agent.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use pool::ProcessPool;
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::driver::Driver;
use crate::connection::Access;
use crate::error::ClusterError;
use crate::options::AgentOptions;

/// What an agent is told.
#[derive(Debug)]
pub(super) enum Command {
    /// Finish, or give back, what it holds.
    Stop,
    /// Do so as soon as this process is told to end.
    StopAtSignal,
}

/// Serves a cluster on this machine: runs the tasks of pools of this very build, whoever submits them, on a
/// [`ProcessPool`] of its own.
///
/// It asks for as many tasks as it has free workers, so that nothing rests with one while another could run it; and
/// as long as a task runs, it keeps renewing its lease. Dropping it [stops](Self::stop) it.
///
/// # Process death
///
/// If a worker dies, its task goes back at once. If the agent dies, or its machine does, its workers end with it and
/// its tasks are delivered to others when the [lease](AgentOptions::lease) is over. If it is cut off it goes on
/// with what it has, and what comes of it too late is dropped by the submitter. If a submitter dies, what it wanted
/// is dropped.
///
/// # Example
///
/// ```no_run
/// use pool_nats::{Agent, AgentOptions};
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), proc_spawn::Failure> {
///     let token = std::fs::read_to_string("/etc/cluster.token")?;
///     let agent = Agent::serve("nats://server:4222", &token, AgentOptions::new())?;
///     agent.until_terminated()?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Agent {
    commands: UnboundedSender<Command>,
    thread: Option<JoinHandle<Result<(), ClusterError>>>,
}

impl Agent {
    /// Begins to serve the cluster of the NATS server at this address, which lets in whoever has this token (none
    /// if it is empty; white space around it does not count).
    ///
    /// # Errors
    ///
    /// The server was not reached, or it refuses; an option is not valid; or the pool was not made.
    pub fn serve(url: &str, token: &str, options: AgentOptions) -> Result<Agent, ClusterError> {
        options.check()?;
        let AgentOptions { pool, lease, deliveries, grace, tls } = options;
        let pool = pool.map_or_else(|| ProcessPool::new(0), Ok)?;
        let access = Access { url: url.to_owned(), token: token.trim().to_owned(), tls };
        let (commands, told) = unbounded_channel();
        let (ready, started) = mpsc::sync_channel(1);
        let run = move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(ClusterError::system("start the event loop"))?;
            let served = runtime.block_on(async {
                let mut driver = Driver::connect(&access, &pool, told, lease, deliveries).await?;
                let _ = ready.send(());
                driver.run(grace).await
            });
            // What nobody waits for any more.
            pool.terminate();
            served
        };
        let thread = thread::Builder::new().name("agent".to_owned()).spawn(run);
        let thread = thread.map_err(ClusterError::system("start a thread"))?;
        let mut agent = Agent { commands, thread: Some(thread) };
        // Otherwise its end says why.
        if started.recv().is_err() {
            agent.end()?;
        }
        Ok(agent)
    }

    /// Stops serving: takes no task any more, finishes those that run or gives them back when the
    /// [grace](AgentOptions::grace) is over, and says good-bye.
    ///
    /// # Errors
    ///
    /// What has ended it before.
    pub fn stop(mut self) -> Result<(), ClusterError> {
        let _ = self.commands.send(Command::Stop);
        self.end()
    }

    /// Serves until this process is told to end, by SIGTERM or by Ctrl-C (on Windows by Ctrl-C or Ctrl-Break, or when its
    /// console is closed or the machine goes down), and then [stops](Self::stop).
    ///
    /// # Errors
    ///
    /// What has ended it before.
    pub fn until_terminated(mut self) -> Result<(), ClusterError> {
        let _ = self.commands.send(Command::StopAtSignal);
        self.end()
    }

    fn end(&mut self) -> Result<(), ClusterError> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| {
            let died = std::io::Error::other("the thread of the agent panicked");
            Err(ClusterError::system("serve the cluster")(died))
        })
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Stop);
        // Whoever drops it does not want to know.
        let _ = self.end();
    }
}
