//! The server dies, loses what it had, or knows less than it did.

mod cluster;

use std::thread;
use std::time::{Duration, Instant};

use async_nats::ConnectOptions;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{self, AckKind, Context};
use cluster::{
    Cluster, DROPPED, LEASE, Marks, Meeting, linger, mark, meet, until_none_is_left, watch,
};
use futures_util::{StreamExt as _, TryStreamExt as _};
use pool::{Pool, ProcessPool, TaskError};
use pool_nats::{Agent, AgentOptions, ClusterOptions, ClusterPool};
use proc_spawn::{Failure, Process};
use tokio::sync::oneshot;

proc_spawn::enable_test_support!();

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

fn double(n: u64) -> u64 {
    2 * n
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

/// Has so many tasks of this size delivered, to nobody.
async fn deliver(url: String, token: String, (count, size): (usize, usize)) {
    let (context, _, consumer) = look_into(url, token).await;
    let subject = consumer.cached_info().config.filter_subject.replace('*', "nobody");
    for _ in 0..count {
        context.publish(subject.clone(), vec![0; size].into()).await.unwrap().await.unwrap();
    }
    let delivered = consumer.fetch().max_messages(count).messages().await.unwrap();
    assert_eq!(delivered.try_collect::<Vec<_>>().await.unwrap().len(), count);
}

#[test]
fn a_server_that_has_not_written_down_what_is_done_goes_on_all_the_same() {
    goes_on_with_an_old_state((40, 0));
}

#[test]
fn so_does_one_whose_files_are_gone_with_all_that_was_in_them() {
    goes_on_with_an_old_state((40, 800_000));
}

fn goes_on_with_an_old_state(tasks: (usize, usize)) {
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
    runtime.block_on(deliver(url.clone(), token.clone(), tasks));
    cluster.server.stop();
    let old = cluster.server.deliveries();
    cluster.server.restart();
    runtime.block_on(async {
        let (context, stream, _) = look_into(url, token).await;
        stream.purge().filter("tandem.tasks.*.nobody").await.unwrap();
        // So that the stream still knows how far it has come.
        let last = context.publish("tandem.tasks.no_build.nobody", "".into()).await.unwrap();
        last.await.unwrap();
    });
    cluster.server.kill();
    cluster.server.set_deliveries(&old);
    // It has written down in whole seconds when it delivered the first, and may do so anew at once: that run is not to wait.
    drop(meeting);
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

/// Submits what is too large for a message, and is killed.
fn submit_large(url: String, token: String) -> Result<(), Failure> {
    let pool = ClusterPool::connect(&url, &token, ClusterOptions::new())?;
    pool.apply(sum, vec![1; 2 << 20])?;
    Ok(())
}

#[test]
fn a_task_whose_contents_and_submitter_are_gone_is_dropped_and_not_delivered_over_and_over() {
    let _watchdog = watch("a task of nobody");
    let Some(mut cluster) = Cluster::start(&[1]) else { return };
    let pool = cluster.pool(Pool::builder());
    let meeting = Meeting::new();
    let first = pool.submit(meet, (meeting.port(), 1));
    let (_, guest) = meeting.guest();
    let (url, token) = (cluster.server.url(), cluster.server.token().to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let submitter = runtime.block_on(async {
        let client = ConnectOptions::with_token(token.clone()).connect(&url).await.unwrap();
        let mut tasks = client.subscribe("tandem.tasks.>").await.unwrap();
        client.flush().await.unwrap();
        let args = (url.clone(), token.clone());
        let submitter = Process::<()>::builder().daemon(true).spawn(submit_large, args).unwrap();
        tasks.next().await.unwrap();
        submitter
    });
    submitter.kill().unwrap();
    submitter.wait();
    cluster.server.stop();
    cluster.server.lose_objects();
    cluster.server.restart();
    runtime.block_on(async {
        let (context, stream, _) = look_into(url, token).await;
        let mut dropped = context.client().subscribe(DROPPED).await.unwrap();
        context.client().flush().await.unwrap();
        drop(guest);
        until_none_is_left(&context, &mut dropped).await;
        let name = stream.consumer_names().try_next().await.unwrap().expect("the agents'");
        let consumer: PullConsumer = stream.get_consumer(&name).await.unwrap();
        let delivered = consumer.cached_info().delivered.consumer_sequence;
        assert!(delivered < 20, "{delivered} deliveries of two tasks");
    });
    assert_eq!((first.get(), pool.apply(double, 1)), (Ok(1), Ok(2)));
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

#[test]
fn nobody_waits_for_a_server_that_is_gone_with_nothing_left_to_say() {
    let _watchdog = watch("an end without a server");
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    let agent = cluster.agent(AgentOptions::new().grace(LONG).lease(LEASE));
    let pool = cluster.connect(cluster.options(Pool::builder()).wait(LONG));
    assert_eq!(pool.apply(double, 1), Ok(2));
    cluster.server.kill();
    let begun = Instant::now();
    pool.join();
    agent.stop().unwrap();
    assert!(begun.elapsed() < LONG / 2, "{:?}", begun.elapsed());
}

#[test]
fn an_agent_that_nobody_hears_for_long_can_still_be_stopped() {
    let _watchdog = watch("a long time without a server");
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    // So short a lease makes an agent say in seconds what it says in hours.
    let workers = ProcessPool::new(16).unwrap();
    let lease = Duration::from_millis(1);
    let options = AgentOptions::new().pool(workers).lease(lease).grace(Duration::ZERO);
    let agent = Agent::serve(&cluster.server.url(), cluster.server.token(), options).unwrap();
    let pool = cluster.connect(cluster.options(Pool::builder()).wait(Duration::from_secs(5)));
    let meeting = Meeting::new();
    let tasks: Vec<_> = (0..16).map(|n| pool.submit(meet, (meeting.port(), n))).collect();
    let guests: Vec<_> = (0..16).map(|_| meeting.guest()).collect();
    cluster.server.kill();
    // sleep: the time without a server is the matter.
    thread::sleep(Duration::from_secs(4));
    agent.stop().unwrap();
    pool.terminate();
    drop((guests, tasks));
}
