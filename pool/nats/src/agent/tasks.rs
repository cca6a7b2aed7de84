//! The way of a task through an agent.

use async_nats::Message;
use bytes::Bytes;
use pool::{Executor as _, TaskError, TaskKey, remote};
use serde_bytes::ByteBuf;
use tokio::sync::oneshot;

use super::absence::{Away, Presence};
use super::answers::Said;
use super::driver::{Driver, Note};
use super::held::{Delivery, Held};
use crate::message::{Answer, Content, Missing, TaskMessage, decode, encode};
use crate::names;

impl Driver<'_> {
    /// A task has come.
    pub(super) async fn delivered(&mut self, message: Message) {
        let Some(ack) = message.reply.map(|reply| reply.to_string()) else { return };
        let Some((times, _)) = names::delivery(&ack) else { return };
        let task = decode::<TaskMessage>(&message.payload);
        let submitter = names::submitter(&message.subject);
        let (Some(TaskMessage { key, content }), Some(submitter)) = (task, submitter) else {
            // Nobody could make anything of it.
            return self.acknowledge(ack, "+TERM").await;
        };
        if self.recalled.contains(&key) {
            return self.acknowledge(ack, "+TERM").await;
        }
        if times > 1 {
            // It may be what agents die of. Published anew it would be delivered for the first time again.
            self.say_that_it_has(key, submitter).await;
        }
        if let Some(held) = self.held.get_mut(&key) {
            return held.add(ack);
        }
        // A request that was made before the connection was lost may be fulfilled after it.
        if self.is_stopping || self.held.len() >= self.pool.workers() {
            return self.acknowledge(ack, "-NAK").await;
        }
        let submitter = submitter.to_owned();
        let delivery = Delivery { key, submitter, ack, times, message: message.payload };
        match self.absences.presence(&delivery.submitter) {
            Presence::There => self.take_on(delivery, content).await,
            Presence::Away => self.absences.keep(delivery),
            Presence::Gone => self.acknowledge(delivery.ack, "+TERM").await,
        }
    }

    async fn take_on(&mut self, delivery: Delivery, content: Content) {
        let Delivery { key, times, .. } = delivery;
        if self.is_stopping {
            return self.acknowledge(delivery.ack, "-NAK").await;
        }
        self.held.insert(
            key,
            Held {
                submitter: delivery.submitter.clone(),
                acks: vec![delivery.ack.clone()],
                stop: None,
                recalled: false,
            },
        );
        if times > self.deliveries {
            let (signal, exitcode, index, item) = (None, None, 0, None);
            let attempts = times - 1;
            let died = TaskError::WorkerDied { pid: 0, signal, exitcode, attempts, index, item };
            return self.answer(key, remote::refuse(died)).await;
        }
        match content {
            Content::Here(load) => self.begin(key, &load).await,
            Content::Stored(name) => {
                let (store, notes) = (self.store.clone(), self.notes.clone());
                tokio::spawn(async move {
                    let load = store.fetch(&name).await.map_err(|_| Missing(name));
                    let _ = notes.send(Note::Fetched { key, load });
                });
            }
        }
    }

    pub(super) async fn fetched(&mut self, key: TaskKey, load: Result<Vec<u8>, Missing>) {
        match load {
            // Begun so late, nothing would end it once the grace is over.
            Ok(_) if self.is_stopping => self.give_back(key).await,
            Ok(load) => self.begin(key, &load).await,
            // The server has lost it, or its submitter has removed it for nobody waits any more. Given back it would
            // come again at once.
            Err(missing) => self.reply(key, Err(missing)).await,
        }
    }

    async fn begin(&mut self, key: TaskKey, load: &[u8]) {
        let task = match remote::run(self.pool, load) {
            Ok(task) => task,
            Err(error) => return self.answer(key, remote::refuse(TaskError::Decode(error))).await,
        };
        let Some(held) = self.held.get_mut(&key) else { return };
        let (stop, stopped) = oneshot::channel();
        held.stop = Some(stop);
        if held.recalled {
            held.stop();
        }
        let notes = self.notes.clone();
        tokio::spawn(async move {
            let mut task = task;
            let answer = tokio::select! {
                answer = &mut task => answer,
                Ok(()) = stopped => {
                    task.cancel();
                    task.await
                }
            };
            let _ = notes.send(Note::Ran { key, answer });
        });
    }

    pub(super) async fn ran(&mut self, key: TaskKey, answer: Result<Vec<u8>, TaskError>) {
        match answer {
            Ok(answer) => self.answer(key, answer).await,
            Err(error) => {
                if error != TaskError::Cancelled {
                    // The pool has ended.
                    (self.is_stopping, self.ended) = (true, Some(error));
                }
                self.give_back(key).await;
            }
        }
    }

    /// It is for another to do, unless nobody waits for it.
    async fn give_back(&mut self, key: TaskKey) {
        let Some(held) = self.held.remove(&key) else { return };
        let word = if held.recalled { "+TERM" } else { "-NAK" };
        for ack in held.acks {
            self.acknowledge(ack, word).await;
        }
    }

    async fn answer(&mut self, key: TaskKey, answer: Vec<u8>) {
        if !self.store.is_needed(answer.len()) {
            return self.reply(key, Ok(Content::Here(ByteBuf::from(answer)))).await;
        }
        let (store, notes) = (self.store.clone(), self.notes.clone());
        tokio::spawn(async move {
            let name = store.put(&answer).await.ok();
            let _ = notes.send(Note::Stored { key, name });
        });
    }

    pub(super) async fn stored(&mut self, key: TaskKey, name: Option<String>) {
        match name {
            Some(name) => self.reply(key, Ok(Content::Stored(name))).await,
            None => self.give_back(key).await,
        }
    }

    /// Tells the submitter, who acknowledges the task. Nothing more is done for its lease.
    async fn reply(&mut self, key: TaskKey, content: Result<Content, Missing>) {
        let Some(Held { submitter, acks, .. }) = self.held.remove(&key) else { return };
        let answer = Answer { key, content, acks: acks.clone(), agent: self.me.clone() };
        self.tell(Said { submitter, acks, message: encode(&answer) }).await;
    }

    async fn tell(&mut self, said: Said) {
        let (submitter, message): (_, Bytes) = (said.submitter.clone(), said.message.clone());
        let number = self.answers.keep(said);
        let reply = names::to(&self.me, &format!("answer.{number}"));
        let to = names::to(&submitter, "answer.0");
        let _ = self.client.publish_with_reply(to, reply, message).await;
    }

    /// Nobody was there to hear an answer.
    pub(super) fn unheard(&mut self, number: u64) {
        if let Some(said) = self.answers.unheard(number) {
            self.absences.unheard(said.clone());
        }
    }

    /// A submitter is there again.
    pub(super) async fn is_back(&mut self, submitter: &str) {
        if let Some(away) = self.absences.back(submitter) {
            self.hand_over(away).await;
        }
    }

    /// What was kept for somebody.
    pub(super) async fn hand_over(&mut self, away: Away) {
        for said in away.answers {
            self.tell(said).await;
        }
        for delivery in away.waiting {
            if let Some(TaskMessage { content, .. }) = decode(&delivery.message) {
                self.take_on(delivery, content).await;
            }
        }
    }
}
