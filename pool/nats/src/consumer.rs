//! The stream of tasks, and the consumer that all agents of a build share.

use std::time::Duration;

use async_nats::Client;
use async_nats::client::RequestErrorKind;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, Info, PullConsumer, pull};
use async_nats::jetstream::stream::{Config, RetentionPolicy, Stream};
use serde::Deserialize;

use crate::error::ClusterError;
use crate::names;

/// Nobody fetches what is older.
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 3600);
/// After so long without an agent the server forgets a build's consumer.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);
/// Requests for tasks that the agents of a build may have open.
const MAX_WAITING: i64 = 8192;

/// Sees to it that there is the stream of tasks.
pub(crate) async fn ensure_stream(context: &Context) -> Result<Stream, ClusterError> {
    let config = Config {
        name: names::STREAM.to_owned(),
        description: Some("tasks of pools, each until its submitter has the result".to_owned()),
        subjects: vec![names::ALL_TASKS.to_owned()],
        retention: RetentionPolicy::WorkQueue,
        max_age: MAX_AGE,
        ..Config::default()
    };
    let stream = context.get_or_create_stream(config).await;
    stream.map_err(ClusterError::server("set up the stream of tasks"))
}

/// Sees to it that there are the stream and the consumer, and that it goes on. Gives the lease.
pub(crate) async fn ensure_consumer(
    context: &Context,
    build: &str,
    lease: Duration,
) -> Result<Duration, ClusterError> {
    let stream = ensure_stream(context).await?;
    let name = names::consumer(build);
    let config = pull::Config {
        durable_name: Some(name.clone()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: lease,
        // The agents count: what has reached a limit of the server's would stay in the stream for ever.
        max_deliver: -1,
        filter_subject: names::tasks(build, "*"),
        max_ack_pending: -1,
        max_waiting: MAX_WAITING,
        inactive_threshold: FORGOTTEN,
        ..pull::Config::default()
    };
    let consumer = stream.get_or_create_consumer(&name, config).await;
    let consumer = consumer.map_err(ClusterError::server("set up the consumer of tasks"))?;
    let info = consumer.cached_info();
    acknowledge_gone(context, &stream, info, build).await?;
    Ok(info.config.ack_wait)
}

/// Sees to it that the consumer, if there is one, goes on.
pub(crate) async fn unblock_consumer(context: &Context, build: &str) -> Result<(), ClusterError> {
    let stream = ensure_stream(context).await?;
    let consumer: Result<PullConsumer, _> = stream.get_consumer(&names::consumer(build)).await;
    let Ok(consumer) = consumer else { return Ok(()) };
    acknowledge_gone(context, &stream, consumer.cached_info(), build).await
}

/// Acknowledges the tasks that are awaited to be and are not in the stream any more, which a server that was killed before
/// it had written down that they are done may have. Servers before 2.11 want to deliver these again, over and over, and
/// each time that one is not found deliver nothing else until they are given another reason to look
/// (`getNextMsg` in their `server/consumer.go`): as long as there are some, others may wait for ever.
async fn acknowledge_gone(
    context: &Context,
    stream: &Stream,
    consumer: &Info,
    build: &str,
) -> Result<(), ClusterError> {
    if consumer.num_ack_pending == 0 {
        return Ok(());
    }
    let asked = stream.info_builder().with_deleted(true).fetch().await;
    let state = asked.map_err(ClusterError::server("ask for what was deleted"))?.info.state;
    // A number that the stream has not come to, or has forgotten that it had, is that of a task to come.
    let end = consumer.delivered.stream_sequence.min(state.last_sequence) + 1;
    let awaited = consumer.ack_floor.stream_sequence + 1..end;
    let deleted = state.deleted.unwrap_or_default();
    let client = context.client();
    if state.first_sequence + state.messages + deleted.len() as u64 == state.last_sequence + 1 {
        let before = awaited.start..state.first_sequence.min(awaited.end);
        acknowledge(&client, before, build).await?;
        let listed = deleted.into_iter().filter(|it| awaited.contains(it));
        return acknowledge(&client, listed, build).await;
    }
    // Of the files that were left with nothing in them, such a server says nothing.
    let mut next = awaited.start;
    while next < awaited.end {
        let from = format!("{{\"seq\":{next},\"next_by_subj\":\"{}\"}}", names::ALL_TASKS);
        // What it does not say now, it is asked for at the next occasion.
        let Some(found) = message(&client, from).await else { break };
        let there = found.map_or(awaited.end, |kept| kept.seq.min(awaited.end));
        acknowledge(&client, next..there, build).await?;
        next = there + 1;
    }
    Ok(())
}

async fn acknowledge(
    client: &Client,
    gone: impl IntoIterator<Item = u64>,
    build: &str,
) -> Result<(), ClusterError> {
    for gone in gone {
        let sent = client.publish(names::ack(build, gone), "+ACK".into()).await;
        sent.map_err(ClusterError::server("acknowledge a task"))?;
    }
    Ok(())
}

/// A message that the stream has.
#[derive(Deserialize)]
pub(crate) struct Kept {
    pub(crate) subject: String,
    seq: u64,
}

/// What the server says about one.
#[derive(Deserialize)]
struct Got {
    message: Option<Kept>,
    error: Option<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    code: u16,
}

/// There is no such message.
const NOT_FOUND: u16 = 404;

/// Asks for a message of the stream: whether there is one, or `None` if the server does not say.
pub(crate) async fn message(client: &Client, which: String) -> Option<Option<Kept>> {
    match client.request(names::message_get(), which.into()).await {
        Ok(answer) => match serde_json::from_slice(&answer.payload).ok()? {
            Got { message: Some(message), .. } => Some(Some(message)),
            Got { error: Some(Refused { code: NOT_FOUND }), .. } => Some(None),
            _ => None,
        },
        Err(error) if error.kind() == RequestErrorKind::NoResponders => Some(None),
        Err(_) => None,
    }
}
