//! All that a submitter does, on one thread.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, Context};
use async_nats::{Client, Event, Message, Subscriber};
use futures_util::StreamExt as _;
use pool::remote::Load;
use pool::{TaskError, TaskKey};
use serde_bytes::ByteBuf;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::agents::Agents;
use super::carrier::Command;
use super::pending::Pending;
use crate::connection::{self, Access};
use crate::consumer;
use crate::error::ClusterError;
use crate::message::{Answer, Content, Notice, TaskMessage, decode, encode};
use crate::names;
use crate::store::Store;
use crate::timer;

/// How long a submitter waits for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) wait: Duration,
    pub(super) deadline: Duration,
}

/// What was begun on the side has come to its end.
#[derive(Debug)]
pub(super) enum Note {
    /// The arguments are in the object store, or could not be put there.
    Stored { key: TaskKey, name: Option<String> },
    /// A result has come out of it.
    Fetched { answer: Answer, bytes: Option<Vec<u8>> },
    /// The stream is there, or it was tried.
    Ensured,
    /// The server has lost this task.
    Lost { key: TaskKey },
    /// If the server was stuck it is no more, or it was tried.
    Unblocked,
}

/// All that a submitter does.
pub(super) struct Driver {
    pub(super) client: Client,
    pub(super) context: Context,
    pub(super) store: Store,
    pub(super) build: String,
    pub(super) me: String,
    tasks: String,
    pub(super) patience: Patience,
    commands: UnboundedReceiver<Command>,
    /// What is for this submitter alone.
    mail: Subscriber,
    /// What is for all of the build.
    notices: Subscriber,
    events: UnboundedReceiver<Event>,
    pub(super) notes: UnboundedSender<Note>,
    noted: UnboundedReceiver<Note>,
    pub(super) pending: HashMap<TaskKey, Pending>,
    /// Nobody waits for these any more, and the server has yet to say where it has put them.
    pub(super) recalled: HashSet<TaskKey>,
    pub(super) agents: Agents,
    pub(super) workers: Arc<AtomicUsize>,
    /// What the server has last refused a task with.
    pub(super) refusal: String,
    /// Since when there is no connection. What is said meanwhile would be kept, and once there was no room for more,
    /// whoever says it would wait; so nothing is, and all is looked for anew when there is one.
    pub(super) cut_since: Option<Instant>,
    /// Nobody waits for these any more, which is to be said once there is a connection.
    withdrawn: Vec<(TaskKey, Option<u64>)>,
    /// Whether an agent was heard of since the last look.
    pub(super) heard: bool,
    /// Who asks for tasks, and who sees to the stream and to the consumer. What they have asked a server that is gone is not answered.
    pub(super) patrolling: Option<AbortHandle>,
    pub(super) ensuring: Option<AbortHandle>,
    pub(super) unblocking: Option<AbortHandle>,
    /// Since when the connection is a new one: what was published before is to be looked for.
    pub(super) is_anew: Option<Instant>,
}

impl Driver {
    /// Connects and sees to it that there is a stream.
    pub(super) async fn connect(
        access: &Access,
        patience: Patience,
        commands: UnboundedReceiver<Command>,
        workers: Arc<AtomicUsize>,
    ) -> Result<Driver, ClusterError> {
        let (me, build) = (names::unique(), names::build());
        let (client, events) = connection::connect(access, &format!("submitter {me}")).await?;
        let context = jetstream::new(client.clone());
        consumer::ensure_stream(&context).await?;
        let subscribe = async |subject| {
            let subscribed = client.subscribe(subject).await;
            subscribed.map_err(ClusterError::server("listen to the cluster"))
        };
        let mail = subscribe(names::to(&me, "*.>")).await?;
        let notices = subscribe(names::all(&build)).await?;
        let (notes, noted) = unbounded_channel();
        Ok(Driver {
            store: Store::new(client.clone()),
            context,
            tasks: names::tasks(&build, &me),
            client,
            build,
            me,
            patience,
            commands,
            mail,
            notices,
            events,
            notes,
            noted,
            pending: HashMap::new(),
            recalled: HashSet::new(),
            agents: Agents::default(),
            workers,
            refusal: "it does not answer".to_owned(),
            cut_since: None,
            withdrawn: Vec::new(),
            heard: false,
            patrolling: None,
            ensuring: None,
            unblocking: None,
            is_anew: None,
        })
    }

    /// Waits until so many agents are there.
    pub(super) async fn await_agents(&mut self, wanted: usize) -> Result<(), ClusterError> {
        self.say(&Notice::Submitter { submitter: self.me.clone() }).await;
        self.say(&Notice::RollCall).await;
        let (begun, Patience { wait: waited, .. }) = (Instant::now(), self.patience);
        while self.agents.count() < wanted {
            let left = waited.saturating_sub(begun.elapsed());
            let Ok(notice) = tokio::time::timeout(left, self.notices.next()).await else {
                let (found, build) = (self.agents.count(), self.build.clone());
                return Err(ClusterError::NoAgent { wanted, found, waited, build });
            };
            notice.into_iter().for_each(|notice| self.heed(&notice));
        }
        Ok(())
    }

    /// Does it until the pool is closed.
    pub(super) async fn run(mut self) {
        let mut look = tokio::time::Instant::now();
        loop {
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Carry(load)) => {
                        if self.pending.is_empty() {
                            look = tokio::time::Instant::now() + self.between_looks();
                        }
                        self.carry(load).await;
                    }
                    Some(Command::Recall(key)) => self.recall(key).await,
                    Some(Command::Close) | None => break,
                },
                Some(message) = self.mail.next() => self.read(message).await,
                Some(notice) = self.notices.next() => self.heed(&notice),
                Some(note) = self.noted.recv() => self.note(note).await,
                Some(event) = self.events.recv() => self.happened(&event).await,
                () = timer::until(look), if !self.pending.is_empty() => {
                    self.look().await;
                    look = tokio::time::Instant::now() + self.between_looks();
                }
            }
        }
        self.leave().await;
    }

    /// What was said last is to be on its way, and what nobody wants any more is to be told. The server is asked for
    /// nothing.
    async fn leave(mut self) {
        let gone = self.cut_since.map_or(Duration::ZERO, |since| since.elapsed());
        let left = self.patience.wait.saturating_sub(gone);
        let _ = tokio::time::timeout(left, async {
            while self.cut_since.is_some() && !self.withdrawn.is_empty() {
                match self.events.recv().await {
                    Some(event) => self.happened(&event).await,
                    None => return,
                }
            }
            let mut cut = self.cut_since.is_some();
            let flushed = self.client.flush();
            tokio::pin!(flushed);
            while !cut {
                tokio::select! {
                    _ = &mut flushed => return,
                    event = self.events.recv() => cut = matches!(event, None | Some(Event::Disconnected)),
                }
            }
        })
        .await;
    }

    fn between_looks(&self) -> Duration {
        let Patience { wait, deadline } = self.patience;
        (wait / 8).min(deadline).clamp(Duration::from_millis(20), Duration::from_secs(1))
    }

    async fn carry(&mut self, load: Load) {
        if self.is_given_up() {
            return load.fail(self.nobody());
        }
        let key = load.key();
        let pending = self.pending.entry(key).or_insert_with(|| Pending::new(load));
        if self.store.is_needed(pending.load.bytes().len()) {
            return self.store_contents(key);
        }
        let content = Content::Here(ByteBuf::from(pending.load.bytes()));
        pending.message = Some(encode(&TaskMessage { key, content }));
        self.publish(key).await;
    }

    /// Puts into the object store what is too large for a message.
    pub(super) fn store_contents(&mut self, key: TaskKey) {
        let Some(pending) = self.pending.get_mut(&key) else { return };
        pending.is_storing = true;
        let (store, notes) = (self.store.clone(), self.notes.clone());
        let bytes = pending.load.bytes().to_vec();
        tokio::spawn(async move {
            let name = store.put(&bytes).await.ok();
            let _ = notes.send(Note::Stored { key, name });
        });
    }

    /// Publishes a task, or publishes it anew.
    pub(super) async fn publish(&mut self, key: TaskKey) {
        let Some(pending) = self.pending.get_mut(&key) else { return };
        let Some(message) = pending.message.clone() else { return };
        pending.since = Instant::now();
        if self.cut_since.is_some() {
            return;
        }
        pending.copies += 1;
        let _ = pending.take_sequence();
        let reply = names::to(&self.me, &format!("taken.{}", names::hex(key)));
        // It fails only if the connection is closed for good, and then the next look finds nobody.
        let _ = self.client.publish_with_reply(self.tasks.clone(), reply, message).await;
    }

    async fn recall(&mut self, key: TaskKey) {
        let Some(pending) = self.pending.remove(&key) else { return };
        if pending.copies > 0 {
            self.withdraw(key, pending.sequence).await;
        }
        self.forget_stored(pending.stored);
    }

    /// Nobody waits for this task any more.
    pub(super) async fn withdraw(&mut self, key: TaskKey, sequence: Option<u64>) {
        if self.cut_since.is_some() {
            return self.withdrawn.push((key, sequence));
        }
        match sequence {
            Some(sequence) => self.delete(sequence).await,
            None => drop(self.recalled.insert(key)),
        }
        self.say(&Notice::Recall { key }).await;
    }

    pub(super) async fn delete(&self, sequence: u64) {
        if self.cut_since.is_some() {
            return;
        }
        let message = format!("{{\"seq\":{sequence},\"no_erase\":true}}");
        let reply = names::to(&self.me, "deleted.0");
        let sent = self.client.publish_with_reply(names::message_delete(), reply, message.into());
        let _ = sent.await;
    }

    pub(super) fn forget_stored(&self, stored: Option<String>) {
        if let Some(name) = stored {
            let store = self.store.clone();
            tokio::spawn(async move { store.remove(&name).await });
        }
    }

    pub(super) async fn say(&self, notice: &Notice) {
        if self.cut_since.is_some() {
            return;
        }
        let _ = self.client.publish(names::all(&self.build), encode(notice)).await;
    }

    fn heed(&mut self, notice: &Message) {
        if let Some(Notice::Agent { agent, workers, lease }) = decode(&notice.payload) {
            self.heard |= workers > 0;
            self.agents.hear(agent, workers, lease);
            self.workers.store(self.agents.workers(), Relaxed);
        }
    }

    async fn note(&mut self, note: Note) {
        match note {
            Note::Stored { key, name: Some(name) } => {
                let Some(pending) = self.pending.get_mut(&key) else {
                    return self.forget_stored(Some(name));
                };
                (pending.is_storing, pending.stored) = (false, Some(name.clone()));
                let content = Content::Stored(name);
                pending.message = Some(encode(&TaskMessage { key, content }));
                self.publish(key).await;
            }
            // The next look begins anew.
            Note::Stored { key, name: None } => {
                if let Some(pending) = self.pending.get_mut(&key) {
                    (pending.is_storing, pending.since) = (false, Instant::now());
                }
            }
            Note::Fetched { answer, bytes: Some(bytes) } => self.settle(answer, &bytes).await,
            // If it is still awaited it was lost, and the server will have the task run again.
            Note::Fetched { answer, bytes: None } => {
                if !self.pending.contains_key(&answer.key) {
                    self.settle(answer, &[]).await;
                }
            }
            Note::Ensured => {
                self.ensuring = None;
                self.patrol();
            }
            Note::Lost { key } => self.publish(key).await,
            Note::Unblocked => {
                self.unblocking = None;
                self.publish_overdue().await;
            }
        }
    }

    async fn happened(&mut self, event: &Event) {
        match event {
            // The first time nothing was cut.
            Event::Connected if self.cut_since.is_some() => {
                self.cut_since = None;
                self.say(&Notice::Submitter { submitter: self.me.clone() }).await;
                self.say(&Notice::RollCall).await;
                for (key, sequence) in std::mem::take(&mut self.withdrawn) {
                    self.withdraw(key, sequence).await;
                }
                self.is_anew = Some(Instant::now());
                // A server that was killed may not remember what was acknowledged.
                self.pending.values_mut().for_each(|it| it.copies += 1);
                let asked = [&mut self.patrolling, &mut self.ensuring, &mut self.unblocking];
                let asked = asked.map(Option::take);
                asked.into_iter().flatten().for_each(|asked| asked.abort());
                self.ensure();
            }
            Event::Disconnected => drop(self.cut_since.get_or_insert_with(Instant::now)),
            _ => {}
        }
    }

    pub(super) fn is_given_up(&self) -> bool {
        let wait = self.patience.wait;
        self.cut_since.is_some_and(|since| since.elapsed() >= wait) || self.agents.are_missing(wait)
    }

    pub(super) fn nobody(&self) -> TaskError {
        let why = if self.cut_since.is_some() {
            "the connection to the server is lost".to_owned()
        } else if self.agents.are_missing(self.patience.wait) {
            format!("no agent of this build ({}) serves the cluster", self.build)
        } else {
            format!("the server does not take it: {}", self.refusal)
        };
        TaskError::NoWorker { waited: self.patience.wait, why }
    }
}
