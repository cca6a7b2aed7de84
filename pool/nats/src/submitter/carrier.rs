//! What the pool sees of a submitter.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pool::TaskKey;
use pool::remote::{Carrier, Load};
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::driver::{Driver, Patience};
use crate::connection::Access;
use crate::error::ClusterError;

/// What the pool asks for.
#[derive(Debug)]
pub(super) enum Command {
    Carry(Load),
    Recall(TaskKey),
    Close,
}

/// Takes loads to the server, on a thread that does all that has to do with it.
#[derive(Debug)]
pub(crate) struct Submitter {
    commands: UnboundedSender<Command>,
    workers: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Submitter {
    /// Connects, and waits until so many agents are there.
    pub(crate) fn start(
        access: Access,
        agents: usize,
        wait: Duration,
        deadline: Duration,
    ) -> Result<Submitter, ClusterError> {
        let (commands, asked) = unbounded_channel();
        let workers = Arc::new(AtomicUsize::new(0));
        let (ready, started) = mpsc::sync_channel(1);
        let counter = Arc::clone(&workers);
        let run = move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let runtime = match runtime.map_err(ClusterError::system("start the event loop")) {
                Ok(runtime) => runtime,
                // Whoever started this waits for the word.
                Err(error) => return drop(ready.send(Err(error))),
            };
            runtime.block_on(async {
                let patience = Patience { wait, deadline };
                let driver = Driver::connect(&access, patience, asked, counter).await;
                let driver = match driver {
                    Ok(mut driver) => driver.await_agents(agents).await.map(|()| driver),
                    Err(error) => Err(error),
                };
                match driver {
                    Ok(driver) => {
                        let _ = ready.send(Ok(()));
                        driver.run().await;
                    }
                    Err(error) => drop(ready.send(Err(error))),
                }
            });
        };
        let thread = thread::Builder::new().name("cluster".to_owned()).spawn(run);
        let thread = thread.map_err(ClusterError::system("start a thread"))?;
        match started.recv() {
            Ok(Ok(())) => Ok(Submitter { commands, workers, thread: Mutex::new(Some(thread)) }),
            Ok(Err(error)) => Err(error),
            Err(_) => {
                // It says something before it ends, unless it panicked.
                let died = std::io::Error::other("the thread of the cluster's connection panicked");
                Err(ClusterError::system("connect to the cluster")(died))
            }
        }
    }
}

impl Carrier for Submitter {
    fn workers(&self) -> usize {
        self.workers.load(Relaxed)
    }

    fn carry(&self, load: Load) {
        // Where nobody listens any more the load comes back in the error, and fails.
        let _ = self.commands.send(Command::Carry(load));
    }

    fn recall(&self, key: TaskKey) {
        let _ = self.commands.send(Command::Recall(key));
    }

    fn close(&self) {
        let _ = self.commands.send(Command::Close);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A pool that is dropped with a result, by that very thread, does not wait for it.
        if let Some(thread) = thread.filter(|it| it.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}
