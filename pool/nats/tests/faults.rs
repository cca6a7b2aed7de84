//! Members of a cluster die, in the midst of their work.

mod cluster;

use std::thread;
use std::time::{Duration, Instant};

use async_nats::ConnectOptions;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{self, AckKind, Context};
use cluster::{AgentProcess, Cluster, LEASE, Marks, Meeting, kill, mark, meet, watch};
use futures_util::{StreamExt as _, TryStreamExt as _};
use ipc::Sender;
use pool::{Pool, TaskError};
use pool_nats::{Agent, AgentOptions, ClusterOptions, ClusterPool};
use proc_spawn::{Failure, Process};
use tokio::sync::oneshot;

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

/// Outlasts its lease.
fn linger(path: String) -> u64 {
    // sleep: the time that it takes is the matter
    thread::sleep(3 * LEASE);
    mark(path, 1)
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

#[test]
fn a_server_that_is_killed_and_comes_back_loses_no_task_and_no_result() {
    let _watchdog = watch("a killed server");
    for loses_store in [false, true] {
        let Some(mut cluster) = Cluster::start(&[1, 1]) else { return };
        let pool = cluster.pool(Pool::builder().chunk_size(1));
        let meeting = Meeting::new();
        let running = [1, 2].map(|n| pool.submit(meet, (meeting.port(), n)));
        let guests = [meeting.guest(), meeting.guest()];
        let waiting: Vec<_> = (0..200).map(|n| pool.submit(double, n)).collect();
        cluster.server.kill();
        if loses_store {
            cluster.server.lose_store();
        }
        // One ends while there is no server, the other one when there is one again.
        let [first, second] = guests;
        drop(first);
        cluster.server.restart();
        drop(second);
        drop(meeting);
        for (n, task) in (0..).zip(waiting) {
            assert_eq!(task.get(), Ok(2 * n));
        }
        assert_eq!(running.map(pool::Task::get), [Ok(1), Ok(2)]);
        assert_eq!(pool.map(double, 0..100).unwrap().len(), 100);
    }
}

/// What the server has, as others see it.
async fn look_into(url: String, token: String) -> (Context, Stream, PullConsumer) {
    let client = ConnectOptions::with_token(token).connect(&url).await.unwrap();
    let context = jetstream::new(client);
    let stream = context.get_stream("TANDEM_TASKS").await.unwrap();
    let name = stream.consumer_names().try_next().await.unwrap().expect("the agents'");
    let consumer = stream.get_consumer(&name).await.unwrap();
    (context, stream, consumer)
}

/// Takes a task that no agent has room for and keeps it, as a server would that takes it for delivered.
async fn keep_one(
    url: String,
    token: String,
    kept: oneshot::Sender<()>,
    mut end: oneshot::Receiver<()>,
) {
    let (_, stream, consumer) = look_into(url, token).await;
    let task = consumer.messages().await.unwrap().try_next().await.unwrap().expect("a task");
    kept.send(()).unwrap();
    let mut renewals = tokio::time::interval(LEASE / 3);
    while end.try_recv().is_err() {
        renewals.tick().await;
        task.ack_with(AckKind::Progress).await.unwrap();
    }
    drop(task);
    let left = stream.get_info().await.unwrap().state.messages;
    assert_eq!(left, 0, "what was published anew is there no more");
}

#[test]
fn a_task_that_the_server_takes_for_delivered_is_published_anew_and_runs_once() {
    let _watchdog = watch("a task that nobody has");
    let Some(cluster) = Cluster::start(&[1]) else { return };
    let pool = cluster.pool(Pool::builder());
    let (meeting, marks) = (Meeting::new(), Marks::new());
    let first = pool.submit(meet, (meeting.port(), 1));
    let (_, guest) = meeting.guest();
    let second = pool.submit(mark, (marks.path(), 2));
    let (url, token) = (cluster.server.url(), cluster.server.token().to_owned());
    let ((keep, kept), (end, ended)) = (oneshot::channel(), oneshot::channel());
    thread::scope(|scope| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let keeper = scope.spawn(move || runtime.block_on(keep_one(url, token, keep, ended)));
        kept.blocking_recv().unwrap();
        drop(guest);
        assert_eq!((first.get(), second.get()), (Ok(1), Ok(2)));
        // What was said before this is done when it has a result.
        assert_eq!(pool.apply(double, 1), Ok(2));
        end.send(()).unwrap();
        keeper.join().unwrap();
    });
    assert_eq!(marks.read(), [2]);
}

/// Has so many tasks delivered, to nobody.
async fn deliver(url: String, token: String, count: usize) {
    let (context, _, consumer) = look_into(url, token).await;
    let subject = consumer.cached_info().config.filter_subject.replace('*', "nobody");
    for _ in 0..count {
        context.publish(subject.clone(), "".into()).await.unwrap().await.unwrap();
    }
    let delivered = consumer.fetch().max_messages(count).messages().await.unwrap();
    assert_eq!(delivered.try_collect::<Vec<_>>().await.unwrap().len(), count);
}

#[test]
fn a_server_that_has_not_written_down_what_is_done_goes_on_all_the_same() {
    let _watchdog = watch("an old state");
    let Some(mut cluster) = Cluster::start(&[1, 1]) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let pool = cluster.pool(Pool::builder());
    let meeting = Meeting::new();
    // The stream begins with one that is there.
    let running = [1, 2].map(|n| pool.submit(meet, (meeting.port(), n)));
    let mut guests = [meeting.guest(), meeting.guest()];
    guests.sort_by_key(|(n, _)| *n);
    let [first, second] = guests;
    let (url, token) = (cluster.server.url(), cluster.server.token().to_owned());
    runtime.block_on(deliver(url.clone(), token.clone(), 40));
    cluster.server.stop();
    let old = cluster.server.deliveries();
    cluster.server.restart();
    runtime.block_on(async {
        let (_, stream, _) = look_into(url, token).await;
        stream.purge().filter("tandem.tasks.*.nobody").await.unwrap();
    });
    cluster.server.kill();
    cluster.server.set_deliveries(&old);
    cluster.server.restart();
    drop(second);
    let marks = Marks::new();
    // Until it has waited in vain for all of them.
    assert_eq!(pool.apply(linger, marks.path()), Ok(1));
    assert_eq!(pool.apply(double, 1), Ok(2));
    drop(first);
    assert_eq!(running.map(pool::Task::get), [Ok(1), Ok(2)]);
}

fn sum(bytes: Vec<u8>) -> u64 {
    bytes.into_iter().map(u64::from).sum()
}

#[test]
fn a_server_that_has_lost_the_contents_of_a_task_is_given_them_anew() {
    let _watchdog = watch("lost contents");
    let Some(mut cluster) = Cluster::start(&[1]) else { return };
    let pool = cluster.pool(Pool::builder());
    let meeting = Meeting::new();
    let first = pool.submit(meet, (meeting.port(), 1));
    let (_, guest) = meeting.guest();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let [second] = runtime.block_on(async {
        let options = ConnectOptions::with_token(cluster.server.token().to_owned());
        let client = options.connect(cluster.server.url()).await.unwrap();
        let mut tasks = client.subscribe("tandem.tasks.>").await.unwrap();
        client.flush().await.unwrap();
        let second = pool.submit(sum, vec![1; 2 << 20]);
        // It is published once its contents are in the store.
        tasks.next().await.unwrap();
        [second]
    });
    cluster.server.kill();
    cluster.server.lose_objects();
    cluster.server.restart();
    drop(guest);
    assert_eq!((first.get(), second.get()), (Ok(1), Ok(2 << 20)));
}

#[test]
fn a_server_that_stays_away_is_an_error_after_the_wait() {
    let _watchdog = watch("no server");
    let Some(mut cluster) = Cluster::start(&[1]) else { return };
    let options = cluster.options(Pool::builder()).wait(Duration::from_millis(300));
    let pool = cluster.connect(options);
    assert_eq!(pool.apply(double, 1), Ok(2));
    cluster.server.kill();
    match pool.apply(double, 1) {
        Err(TaskError::NoWorker { why, .. }) => assert!(why.contains("server"), "{why}"),
        other => panic!("{other:?}"),
    }
    cluster.server.restart();
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
        let subject = "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>";
        let dropped = client.subscribe(subject).await.unwrap();
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
        let context = jetstream::new(client);
        loop {
            let left =
                context.get_stream("TANDEM_TASKS").await.unwrap().cached_info().state.messages;
            if left == 0 {
                break;
            }
            dropped.next().await.unwrap();
        }
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
