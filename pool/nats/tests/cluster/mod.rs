//! A cluster on this machine: a server of its own, and agents that are processes.
#![allow(dead_code, reason = "each suite uses a part of it")]

mod server;
mod watchdog;

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use async_nats::Subscriber;
use async_nats::jetstream::Context;
use futures_util::StreamExt as _;
use ipc::{Receiver, Sender};
use pool::{Builder, Pool, ProcessPool};
use pool_nats::{Agent, AgentOptions, ClusterOptions, ClusterPool};
use proc_spawn::{Failure, Process};
use serde::{Deserialize, Serialize};

pub(crate) use server::Server;
pub(crate) use watchdog::watch;

/// The lease of the agents here.
pub(crate) const LEASE: Duration = Duration::from_millis(600);
/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(50);

/// What an agent's process is told.
#[derive(Debug, Serialize, Deserialize)]
struct Orders {
    url: String,
    token: String,
    workers: usize,
    lease: Duration,
    grace: Duration,
    deliveries: u32,
    up: Sender<()>,
    stop: Receiver<()>,
}

/// An agent in a process of its own. It ends with the test.
#[derive(Debug)]
pub(crate) struct AgentProcess {
    pub(crate) process: Option<Process<Result<(), Failure>>>,
    stop: Option<Sender<()>>,
}

fn serve(orders: Orders) -> Result<(), Failure> {
    let Orders { url, token, workers, lease, grace, deliveries, up, stop } = orders;
    let pool = Pool::builder().workers(workers).processes()?;
    let options = AgentOptions::new().pool(pool).lease(lease).grace(grace).deliveries(deliveries);
    let agent = Agent::serve(&url, &token, options)?;
    up.send(())?;
    // Nothing is ever sent: it ends.
    let _ = stop.recv();
    Ok(agent.stop()?)
}

impl AgentProcess {
    pub(crate) fn start(server: &Server, workers: usize) -> AgentProcess {
        AgentProcess::start_with(server, workers, LONG, 100)
    }

    pub(crate) fn start_with(
        server: &Server,
        workers: usize,
        grace: Duration,
        deliveries: u32,
    ) -> AgentProcess {
        let (up, is_up) = ipc::channel(1).expect("a channel");
        let (stop, stopped) = ipc::channel(1).expect("a channel");
        let (url, token) = (server.url(), server.token().to_owned());
        let (lease, stop_it) = (LEASE, stopped);
        let orders = Orders { url, token, workers, lease, grace, deliveries, up, stop: stop_it };
        let builder = Process::<()>::builder().daemon(true).name("agent");
        let mut process = builder.spawn(serve, orders).expect("an agent");
        if is_up.recv().is_err() {
            panic!("the agent has ended: {:?}", process.join_timeout(LONG));
        }
        AgentProcess { process: Some(process), stop: Some(stop) }
    }

    /// Tells it to stop and waits for that.
    pub(crate) fn stop(mut self) {
        self.stop = None;
        let process = self.process.take().expect("only this takes it");
        process.join().expect("it ends").expect("it has served well");
    }

    /// Kills it at once, with its workers.
    pub(crate) fn kill(mut self) {
        let process = self.process.take().expect("only this takes it");
        process.kill().expect("it lives");
        process.wait();
    }
}

/// A server and agents.
pub(crate) struct Cluster {
    pub(crate) agents: Vec<AgentProcess>,
    pub(crate) server: Server,
}

impl Cluster {
    /// A cluster of agents with so many workers each. `None`, and a line that says so, where there is no
    /// `nats-server`.
    pub(crate) fn start(agents: &[usize]) -> Option<Cluster> {
        let server = Server::start()?;
        let start = |workers: &usize| AgentProcess::start(&server, *workers);
        Some(Cluster { agents: agents.iter().map(start).collect(), server })
    }

    /// An agent in this process, with two workers.
    pub(crate) fn agent(&self, options: AgentOptions) -> Agent {
        let options = options.pool(ProcessPool::new(2).expect("workers"));
        Agent::serve(&self.server.url(), self.server.token(), options).expect("an agent")
    }

    pub(crate) fn options(&self, settings: Builder) -> ClusterOptions {
        ClusterOptions::new()
            .settings(settings)
            .agents(self.agents.len())
            .wait(LONG)
            .deadline(Duration::from_secs(1))
    }

    pub(crate) fn pool(&self, settings: Builder) -> ClusterPool {
        self.connect(self.options(settings))
    }

    pub(crate) fn connect(&self, options: ClusterOptions) -> ClusterPool {
        ClusterPool::connect(&self.server.url(), self.server.token(), options).expect("a pool")
    }
}

/// Where tasks meet the test. They have no other way to it: a handle would not leave this machine.
pub(crate) struct Meeting {
    listener: TcpListener,
}

impl Meeting {
    pub(crate) fn new() -> Meeting {
        Meeting::on("127.0.0.1")
    }

    /// The same, on this address.
    pub(crate) fn on(host: &str) -> Meeting {
        Meeting { listener: TcpListener::bind((host, 0)).expect("a port") }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().expect("it has one").port()
    }

    /// Waits for a task: who it is. It goes on when the guest is dropped.
    pub(crate) fn guest(&self) -> (u64, Guest) {
        let (mut stream, _) = self.listener.accept().expect("a guest");
        let mut numbers = [0; 16];
        stream.read_exact(&mut numbers).expect("two numbers");
        let number = |at| u64::from_le_bytes(numbers[at..at + 8].try_into().expect("eight"));
        (number(0), Guest { worker: number(8) as u32, stream })
    }
}

/// A task that waits for the test.
pub(crate) struct Guest {
    /// The process that runs it.
    pub(crate) worker: u32,
    stream: TcpStream,
}

impl Guest {
    /// From where it has come.
    pub(crate) fn host(&self) -> String {
        self.stream.peer_addr().expect("connected").ip().to_string()
    }

    /// Waits until its process is gone.
    pub(crate) fn ends(mut self) {
        let mut rest = Vec::new();
        // However the connection ends.
        let _ = self.stream.read_to_end(&mut rest);
    }
}

/// Meets the test and goes on when it is let go.
pub(crate) fn meet(port: u16, n: u64) -> u64 {
    meet_at("127.0.0.1".to_owned(), port, n)
}

/// The same, at this address.
pub(crate) fn meet_at(host: String, port: u16, n: u64) -> u64 {
    let Ok(mut host) = TcpStream::connect((host, port)) else { return n };
    let numbers = [n, u64::from(std::process::id())];
    let _ = host.write_all(numbers.map(u64::to_le_bytes).as_flattened());
    let _ = host.read(&mut [0]);
    n
}

/// Kills a process.
pub(crate) fn kill(pid: u32) {
    assert!(try_kill(pid), "there is no process {pid}");
}

/// The same, if there is one. Says whether there was.
pub(crate) fn try_kill(pid: u32) -> bool {
    let mut command = Command::new("kill");
    let command = command.args(["-KILL", &pid.to_string()]).stderr(Stdio::null());
    command.status().expect("kill is there").success()
}

/// A file in which each run of a task leaves a mark.
pub(crate) struct Marks {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Marks {
    pub(crate) fn new() -> Marks {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("marks");
        Marks { _directory: directory, path }
    }

    pub(crate) fn path(&self) -> String {
        self.path.to_str().expect("plain").to_owned()
    }

    /// The marks that were left.
    pub(crate) fn read(&self) -> Vec<u64> {
        let bytes = fs::read(&self.path).unwrap_or_default();
        let number = |chunk: &[u8]| u64::from_le_bytes(chunk.try_into().expect("eight"));
        bytes.chunks_exact(8).map(number).collect()
    }
}

/// Leaves a mark.
pub(crate) fn mark(path: String, n: u64) -> u64 {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(&n.to_le_bytes())).expect("a mark");
    n
}

/// Outlasts its lease.
pub(crate) fn linger(path: String) -> u64 {
    // sleep: the time that it takes is the matter
    thread::sleep(3 * LEASE);
    mark(path, 1)
}

/// Where the server says that a task is dropped.
pub(crate) const DROPPED: &str = "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>";

/// Waits until the last of the tasks that are left was dropped.
pub(crate) async fn until_none_is_left(context: &Context, dropped: &mut Subscriber) {
    while context.get_stream("TANDEM_TASKS").await.unwrap().cached_info().state.messages > 0 {
        dropped.next().await.unwrap();
    }
}
