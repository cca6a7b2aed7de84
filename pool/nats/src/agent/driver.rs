//! All that an agent does, on one thread.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, Context};
use async_nats::{Client, Event, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use pool::{Executor as _, ProcessPool, TaskError, TaskKey};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::absence::Absences;
use super::answers::Answers;
use super::handle::Command;
use super::held::Held;
use super::pulls::Pulls;
use crate::connection::{self, Access};
use crate::consumer;
use crate::error::ClusterError;
use crate::message::{Missing, Notice, decode, encode};
use crate::names;
use crate::store::Store;
use crate::sys::signals::Signals;
use crate::timer;

/// How many recalled tasks are remembered, in case they are delivered after that.
const RECALLED: usize = 4096;
/// After so long it is tried anew to set up what the server has lost: nothing tells when it can.
const ANEW: Duration = Duration::from_millis(200);

/// What was begun on the side has come to its end.
pub(super) enum Note {
    /// A task's contents have come out of the object store, or are not there.
    Fetched { key: TaskKey, load: Result<Vec<u8>, Missing> },
    /// A task has run.
    Ran { key: TaskKey, answer: Result<Vec<u8>, TaskError> },
    /// An answer is in the object store, or could not be put there.
    Stored { key: TaskKey, name: Option<String> },
    /// The stream and the consumer are there, or it was tried.
    Ensured,
}

/// All that an agent does.
pub(super) struct Driver<'p> {
    pub(super) client: Client,
    context: Context,
    pub(super) store: Store,
    pub(super) build: String,
    pub(super) me: String,
    pub(super) pool: &'p ProcessPool,
    pub(super) deliveries: u32,
    lease: Duration,
    commands: UnboundedReceiver<Command>,
    /// Tasks, and what the server says of requests for them and of answers.
    mail: Subscriber,
    /// What is for all of the build.
    notices: Subscriber,
    events: UnboundedReceiver<Event>,
    pub(super) notes: UnboundedSender<Note>,
    noted: UnboundedReceiver<Note>,
    pulls: Pulls,
    pub(super) held: HashMap<TaskKey, Held>,
    pub(super) answers: Answers,
    pub(super) absences: Absences,
    pub(super) recalled: VecDeque<TaskKey>,
    /// Who sees to the stream and the consumer. What it has asked a server that is gone is not answered.
    ensuring: Option<AbortHandle>,
    /// The connection was lost, and is not there again.
    is_cut: bool,
    pub(super) is_stopping: bool,
    /// Why it cannot go on.
    pub(super) ended: Option<TaskError>,
}

impl<'p> Driver<'p> {
    /// Connects, and sees to it that there are tasks to be had.
    pub(super) async fn connect(
        access: &Access,
        pool: &'p ProcessPool,
        commands: UnboundedReceiver<Command>,
        lease: Duration,
        deliveries: u32,
    ) -> Result<Driver<'p>, ClusterError> {
        let (me, build) = (names::unique(), names::build());
        let (client, events) = connection::connect(access, &format!("agent {me}")).await?;
        let context = jetstream::new(client.clone());
        let lease = consumer::ensure_consumer(&context, &build, lease).await?;
        let subscribe = async |subject| {
            let subscribed = client.subscribe(subject).await;
            subscribed.map_err(ClusterError::server("listen to the cluster"))
        };
        let mail = subscribe(names::to(&me, "*.>")).await?;
        let notices = subscribe(names::all(&build)).await?;
        let (notes, noted) = unbounded_channel();
        Ok(Driver {
            store: Store::new(client.clone()),
            client,
            context,
            build,
            me,
            pool,
            deliveries,
            lease,
            commands,
            mail,
            notices,
            events,
            notes,
            noted,
            pulls: Pulls::default(),
            held: HashMap::new(),
            answers: Answers::default(),
            absences: Absences::new(lease),
            recalled: VecDeque::new(),
            ensuring: None,
            is_cut: false,
            is_stopping: false,
            ended: None,
        })
    }

    /// Does it until it is told to stop.
    pub(super) async fn run(&mut self, grace: Duration) -> Result<(), ClusterError> {
        let mut signals = None;
        let mut look = tokio::time::Instant::now() + self.lease / 3;
        self.say_that_it_is_there().await;
        while !self.is_stopping {
            self.pull().await;
            if self.is_idle() {
                let lost = self.pulls.due().map_or(self.lease, |due| due - Instant::now());
                look = tokio::time::Instant::now() + lost;
            } else {
                look = look.min(tokio::time::Instant::now() + self.lease / 3);
            }
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::StopAtSignal) => {
                        let listen = Signals::new();
                        signals = Some(listen.map_err(ClusterError::system("listen for signals"))?);
                    }
                    Some(Command::Stop) | None => break,
                },
                () = come(&mut signals) => break,
                Some(message) = self.mail.next() => self.read(message).await,
                Some(notice) = self.notices.next() => self.heed(&notice).await,
                Some(note) = self.noted.recv() => self.note(note).await,
                Some(event) = self.events.recv() => self.happened(&event).await,
                () = timer::until(look) => {
                    self.look().await;
                    look = tokio::time::Instant::now() + self.lease / 3;
                }
            }
        }
        self.stop(grace).await
    }

    /// Finishes what it has, or gives it back.
    async fn stop(&mut self, grace: Duration) -> Result<(), ClusterError> {
        self.is_stopping = true;
        self.say_how_many(0).await;
        // From here on the server gives this agent nothing; what was on its way still comes and goes back.
        let _ = self.mail.drain().await;
        let until = tokio::time::Instant::now().checked_add(grace);
        let (mut in_grace, mut has_mail) = (true, true);
        let mut look = tokio::time::Instant::now();
        // What was on its way as the connection was lost does not come any more.
        while has_mail && !self.is_cut || !self.held.is_empty() {
            tokio::select! {
                Some(event) = self.events.recv() => self.happened(&event).await,
                message = self.mail.next(), if has_mail => match message {
                    Some(message) => self.read(message).await,
                    None => has_mail = false,
                },
                Some(notice) = self.notices.next() => self.heed(&notice).await,
                Some(note) = self.noted.recv() => self.note(note).await,
                () = timer::until(look) => {
                    self.look().await;
                    look = tokio::time::Instant::now() + self.lease / 3;
                }
                () = timer::until_if(until), if in_grace => {
                    (in_grace, has_mail) = (false, false);
                    self.held.values_mut().for_each(Held::stop);
                }
            }
        }
        let kept: Vec<_> = self.absences.leases().cloned().collect();
        for ack in kept {
            self.acknowledge(ack, "-NAK").await;
        }
        if !self.is_cut || !self.answers.is_empty() {
            let _ = tokio::time::timeout(self.lease, self.client.flush()).await;
        }
        self.ended.take().map_or(Ok(()), |error| Err(ClusterError::Ended(error)))
    }

    /// Asks for as many tasks as there are free workers.
    async fn pull(&mut self) {
        if self.ensuring.is_some() {
            return;
        }
        let free = self.pool.workers().saturating_sub(self.held.len());
        if let Some((number, request)) = self.pulls.request(free) {
            let reply = names::to(&self.me, &format!("pull.{number}"));
            let (next, request) = (names::next_tasks(&self.build), request.into());
            let _ = self.client.publish_with_reply(next, reply, request).await;
        }
    }

    fn is_idle(&self) -> bool {
        self.held.is_empty() && self.answers.is_empty() && self.absences.keep_nothing()
    }

    pub(super) async fn say(&self, notice: &Notice) {
        let _ = self.client.publish(names::all(&self.build), encode(notice)).await;
    }

    async fn say_that_it_is_there(&self) {
        if !self.is_stopping {
            self.say_how_many(self.pool.workers()).await;
        }
    }

    async fn say_how_many(&self, workers: usize) {
        let (agent, lease) = (self.me.clone(), self.lease);
        self.say(&Notice::Agent { agent, workers, lease }).await;
    }

    /// Says that it has a task, so that its submitter does not take it for lost.
    pub(super) async fn say_that_it_has(&self, key: TaskKey, submitter: &str) {
        let _ = self.client.publish(names::held(submitter, key), Bytes::new()).await;
    }

    pub(super) async fn acknowledge(&self, ack: String, word: &'static str) {
        let _ = self.client.publish(ack, word.into()).await;
    }

    async fn read(&mut self, message: Message) {
        let Some(status) = message.status else {
            self.pulls.fulfil();
            return self.delivered(message).await;
        };
        // The server's word on a request for tasks, or on an answer: that nobody was there to hear it.
        let subject = message.subject.as_str();
        let Ok(number) = names::last(subject).parse() else { return };
        if subject == names::to(&self.me, &format!("answer.{number}")) {
            return self.unheard(number);
        }
        self.pulls.end(number);
        // Timeouts are as they should be.
        if !matches!(status.as_u16(), 404 | 408) {
            self.ensure();
        }
    }

    /// Sees to it that there are a stream and a consumer.
    fn ensure(&mut self) {
        if self.ensuring.is_some() {
            return;
        }
        let (context, notes) = (self.context.clone(), self.notes.clone());
        let (build, lease) = (self.build.clone(), self.lease);
        let ensure = tokio::spawn(async move {
            while consumer::ensure_consumer(&context, &build, lease).await.is_err() {
                timer::after(ANEW).await;
            }
            let _ = notes.send(Note::Ensured);
        });
        self.ensuring = Some(ensure.abort_handle());
    }

    async fn heed(&mut self, notice: &Message) {
        match decode(&notice.payload) {
            Some(Notice::RollCall) => self.say_that_it_is_there().await,
            Some(Notice::Submitter { submitter }) => self.is_back(&submitter).await,
            Some(Notice::Recall { key }) => self.recall(key),
            Some(Notice::Agent { .. }) | None => {}
        }
    }

    fn recall(&mut self, key: TaskKey) {
        if let Some(held) = self.held.get_mut(&key) {
            held.recalled = true;
            held.stop();
        }
        if self.recalled.len() == RECALLED {
            self.recalled.pop_front();
        }
        self.recalled.push_back(key);
    }

    async fn note(&mut self, note: Note) {
        match note {
            Note::Fetched { key, load } => self.fetched(key, load).await,
            Note::Ran { key, answer } => self.ran(key, answer).await,
            Note::Stored { key, name } => self.stored(key, name).await,
            Note::Ensured => self.ensuring = None,
        }
    }

    async fn happened(&mut self, event: &Event) {
        if matches!(event, Event::Disconnected) {
            self.is_cut = true;
        }
        if matches!(event, Event::Connected) && std::mem::take(&mut self.is_cut) {
            self.pulls.forget_all();
            if let Some(ensuring) = self.ensuring.take() {
                ensuring.abort();
            }
            // A server that knows of no consumer says nothing to requests for its tasks.
            self.ensure();
            self.say_that_it_is_there().await;
            self.renew().await;
            // They were all cut off.
            for away in self.absences.forget_all() {
                self.hand_over(away).await;
            }
        }
    }

    /// Renews the leases, and looks after what is over or lost.
    async fn look(&mut self) {
        if self.pulls.forget_lost() {
            self.ensure();
        }
        if self.is_cut {
            // Nobody hears it. What is said all the same is kept, and once there is no room for more, who says it waits.
            return;
        }
        self.answers.forget_old();
        for ack in self.absences.give_up() {
            self.acknowledge(ack, "+TERM").await;
        }
        self.renew().await;
    }

    /// Says what it has, to those whose it is and to the server.
    async fn renew(&self) {
        for (key, held) in &self.held {
            self.say_that_it_has(*key, &held.submitter).await;
        }
        let held = self.held.values().flat_map(|held| &held.acks);
        let leases: Vec<_> = held.chain(self.absences.leases()).cloned().collect();
        for ack in leases {
            self.acknowledge(ack, "+WPI").await;
        }
    }
}

/// Until one comes, if any is awaited.
async fn come(signals: &mut Option<Signals>) {
    match signals {
        Some(signals) => signals.come().await,
        None => std::future::pending().await,
    }
}
