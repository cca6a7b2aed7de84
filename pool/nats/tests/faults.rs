//! Members of a cluster die, in the midst of their work.

mod cluster;

use std::thread;
use std::time::{Duration, Instant};

use async_nats::ConnectOptions;
use async_nats::jetstream;
use cluster::{
    AgentProcess, Cluster, DROPPED, LEASE, Marks, Meeting, kill, linger, mark, meet,
    until_none_is_left, watch,
};
use futures_util::StreamExt as _;
use ipc::Sender;
use pool::{Pool, TaskError};
use pool_nats::{Agent, AgentOptions, ClusterOptions, ClusterPool};
use proc_spawn::{Failure, Process};

proc_spawn::enable_test_support!();

fn double(n: u64) -> u64 {
    2 * n
}

/// Item 7 of a map waits for the test.
fn seven_meets(port: u16, n: u64) -> u64 {
    if n == 7 { meet(port, n) } else { n }
}

#[test]
fn a_killed_worker_costs_one_attempt_of_its_item_and_nothing_else() {
    let _watchdog = watch("a killed worker");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    for (retries, kills) in [(0, 1), (1, 1), (1, 2)] {
        let pool = cluster.pool(Pool::builder().chunk_size(10).retries(retries));
        let meeting = Meeting::new();
        let items = (0..30).map(|n| (meeting.port(), n));
        thread::scope(|scope| {
            let map = scope.spawn(|| pool.map_each(seven_meets, items));
            for _ in 0..kills {
                let (n, guest) = meeting.guest();
                assert_eq!(n, 7);
                kill(guest.worker);
                guest.ends();
            }
            let is_lost = kills > retries;
            if !is_lost {
                drop(meeting.guest());
            }
            for (n, result) in (0..).zip(map.join().unwrap()) {
                match result {
                    Err(TaskError::WorkerDied { signal: Some(9), attempts, index: 7, .. }) => {
                        assert!(n == 7 && is_lost && attempts == kills, "{attempts}");
                    }
                    other => assert_eq!(other, Ok(n)),
                }
            }
        });
    }
}

#[test]
fn a_task_that_takes_longer_than_its_lease_runs_once() {
    let _watchdog = watch("a long task");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    let pool = cluster.pool(Pool::builder());
    let marks = Marks::new();
    assert_eq!(pool.apply(linger, marks.path()), Ok(1));
    // An agent that is stopped has finished all that it was given.
    cluster.agents.into_iter().for_each(AgentProcess::stop);
    assert_eq!(marks.read(), [1]);
}

#[test]
fn the_tasks_of_a_killed_agent_run_again_once_its_lease_is_over() {
    let _watchdog = watch("a killed agent");
    let Some(mut cluster) = Cluster::start(&[1, 1]) else { return };
    let pool = cluster.pool(Pool::builder());
    let meeting = Meeting::new();
    let tasks = [1, 2].map(|n| pool.submit(meet, (meeting.port(), n)));
    let guests = [meeting.guest(), meeting.guest()];
    let killed = Instant::now();
    cluster.agents.pop().expect("two").kill();
    // The other goes on with one of them, and has no room for the second.
    cluster.agents.push(AgentProcess::start(&cluster.server, 1));
    let (n, again) = meeting.guest();
    let took = killed.elapsed();
    assert!(guests.iter().any(|(known, _)| *known == n));
    assert!(took < LEASE + Duration::from_secs(1), "{took:?}");
    drop((guests, again));
    assert_eq!(tasks.map(pool::Task::get), [Ok(1), Ok(2)]);
}

/// Submits, and is killed.
fn submit_and_wait(url: String, token: String, port: u16) -> Result<(), Failure> {
    let pool = ClusterPool::connect(&url, &token, ClusterOptions::new())?;
    pool.map(meet, (1..=50).map(|n| (port, n)))?;
    Ok(())
}

#[test]
fn the_tasks_of_a_killed_submitter_are_dropped_and_others_are_served() {
    let _watchdog = watch("a killed submitter");
    let Some(cluster) = Cluster::start(&[1, 1]) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // The server says when a task is dropped.
    let (url, token) = (cluster.server.url(), cluster.server.token().to_owned());
    let (client, mut dropped) = runtime.block_on(async {
        let options = ConnectOptions::with_token(token.clone());
        let client = options.connect(&url).await.unwrap();
        let dropped = client.subscribe(DROPPED).await.unwrap();
        client.flush().await.unwrap();
        (client, dropped)
    });
    let meeting = Meeting::new();
    let args = (url, token, meeting.port());
    let submitter = Process::spawn(submit_and_wait, args).unwrap();
    let guests = [meeting.guest(), meeting.guest()];
    submitter.kill().unwrap();
    submitter.wait();
    drop((guests, meeting));
    // Another is served meanwhile.
    let pool = cluster.pool(Pool::builder());
    assert_eq!(pool.map(double, 0..100).unwrap().len(), 100);
    runtime.block_on(async {
        until_none_is_left(&jetstream::new(client), &mut dropped).await;
        // It has to be dropped in here.
        drop(dropped);
    });
}

#[test]
fn an_agent_that_is_stopped_finishes_what_it_has_or_gives_it_back_at_once() {
    let _watchdog = watch("a stopped agent");
    let Some(mut cluster) = Cluster::start(&[1]) else { return };
    let pool = cluster.pool(Pool::builder());
    let meeting = Meeting::new();
    // It has the time.
    let task = pool.submit(meet, (meeting.port(), 1));
    let (_, guest) = meeting.guest();
    let agent = cluster.agents.pop().expect("one");
    let stopping = thread::spawn(|| agent.stop());
    drop(guest);
    stopping.join().unwrap();
    assert_eq!(task.get(), Ok(1));
    // It has none.
    let hasty = AgentProcess::start_with(&cluster.server, 1, Duration::ZERO, 100);
    let task = pool.submit(meet, (meeting.port(), 2));
    let (_, guest) = meeting.guest();
    cluster.agents.push(AgentProcess::start(&cluster.server, 1));
    let stopped = Instant::now();
    hasty.stop();
    let (n, again) = meeting.guest();
    assert!(stopped.elapsed() < LEASE, "{:?}", stopped.elapsed());
    assert_eq!(n, 2);
    drop((guest, again));
    assert_eq!(task.get(), Ok(2));
}

fn meet_with(_: Vec<u8>, port: u16) -> u64 {
    meet(port, 1)
}

#[test]
fn a_task_that_an_agent_has_not_begun_when_it_is_stopped_is_not_begun() {
    let _watchdog = watch("a stopped agent that fetches");
    let Some(cluster) = Cluster::start(&[]) else { return };
    let hasty = AgentProcess::start_with(&cluster.server, 1, Duration::ZERO, 100);
    let pool = cluster.pool(Pool::builder());
    let meeting = Meeting::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let [task] = runtime.block_on(async {
        let options = ConnectOptions::with_token(cluster.server.token().to_owned());
        let client = options.connect(cluster.server.url()).await.unwrap();
        let mut fetches = client.subscribe("$JS.API.DIRECT.GET.>").await.unwrap();
        client.flush().await.unwrap();
        let task = pool.submit(meet_with, (vec![1; 24 << 20], meeting.port()));
        fetches.next().await.unwrap();
        [task]
    });
    hasty.stop();
    assert!(!task.is_done());
    task.cancel();
}

/// Serves until it is told to end.
fn serve_until_told(url: String, token: String, up: Sender<()>) -> Result<(), Failure> {
    let pool = Pool::builder().workers(1).processes()?;
    let agent = Agent::serve(&url, &token, AgentOptions::new().pool(pool))?;
    up.send(())?;
    Ok(agent.until_terminated()?)
}

/// Whether a process has a handler for SIGTERM.
fn listens(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("a mask");
    u64::from_str_radix(caught.trim(), 16).expect("in hex") & 1 << 14 != 0
}

#[test]
fn an_agent_whose_process_is_told_to_end_finishes_what_it_has() {
    let _watchdog = watch("a signal");
    let Some(cluster) = Cluster::start(&[]) else { return };
    let (up, is_up) = ipc::channel(1).unwrap();
    let args = (cluster.server.url(), cluster.server.token().to_owned(), up);
    let agent = Process::<()>::builder().daemon(true).spawn(serve_until_told, args).unwrap();
    is_up.recv().unwrap();
    let pool = cluster.connect(cluster.options(Pool::builder()).agents(1));
    let meeting = Meeting::new();
    let task = pool.submit(meet, (meeting.port(), 1));
    let (_, guest) = meeting.guest();
    // Nothing tells when it has come to listen for that.
    while !listens(agent.id()) {
        thread::yield_now();
    }
    agent.terminate().unwrap();
    drop(guest);
    assert_eq!(task.get(), Ok(1));
    agent.join().unwrap().unwrap();
}

/// Kills the agent.
fn poison(path: String) {
    mark(path, 1);
    kill(std::os::unix::process::parent_id());
    // Until this worker goes with it.
    thread::park();
}

#[test]
fn a_task_that_kills_its_agents_is_not_run_without_end() {
    let _watchdog = watch("a poisonous task");
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    let start = |_| AgentProcess::start_with(&cluster.server, 1, Duration::ZERO, 2);
    cluster.agents = (0..4).map(start).collect();
    let pool = cluster.pool(Pool::builder());
    let marks = Marks::new();
    match pool.apply(poison, marks.path()) {
        Err(TaskError::WorkerDied { attempts: 2, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(marks.read().len(), 2);
    assert_eq!(pool.apply(double, 2), Ok(4));
}
