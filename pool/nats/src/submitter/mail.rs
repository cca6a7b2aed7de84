//! What comes for a submitter alone: answers, and the server's word on what was published.

use async_nats::Message;
use bytes::Bytes;
use pool::TaskKey;
use serde::Deserialize;
use serde_bytes::ByteBuf;

use super::driver::{Driver, Note};
use super::pending::Pending;
use crate::consumer;
use crate::message::{Answer, Content, Missing, decode};
use crate::names;

/// What the server says when it has taken a task in.
#[derive(Deserialize)]
struct Taken {
    seq: Option<u64>,
    error: Option<Refusal>,
}

/// Why it has not.
#[derive(Deserialize)]
struct Refusal {
    description: String,
}

impl Driver {
    pub(super) async fn read(&mut self, message: Message) {
        let mut parts = message.subject.rsplit('.');
        let (last, what) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match what {
            "answer" => {
                if let Some(answer) = decode::<Answer>(&message.payload) {
                    self.answered(answer).await;
                }
            }
            "taken" => {
                if let Some(key) = names::key(last) {
                    self.taken(key, &message.payload).await;
                }
            }
            "held" => {
                let pending = names::key(last).and_then(|key| self.pending.get_mut(&key));
                pending.into_iter().for_each(Pending::hear);
            }
            _ => {}
        }
    }

    /// The server says that it has taken a task in, or why not; or nobody has.
    async fn taken(&mut self, key: TaskKey, payload: &Bytes) {
        let taken = serde_json::from_slice(payload).unwrap_or(Taken { seq: None, error: None });
        let Some(sequence) = taken.seq.filter(|_| taken.error.is_none()) else {
            let refusal = taken.error.map(|error| error.description);
            self.refusal = refusal.unwrap_or_else(|| "it has no stream for it".to_owned());
            // The next look publishes the task anew.
            return self.ensure();
        };
        if let Some(pending) = self.pending.get_mut(&key) {
            pending.sequence = Some(sequence);
        } else if self.recalled.remove(&key) {
            self.delete(sequence).await;
        }
    }

    /// Sees to it that there is a stream.
    pub(super) fn ensure(&mut self) {
        if self.ensuring.is_some() {
            return;
        }
        let (context, notes) = (self.context.clone(), self.notes.clone());
        let ensure = tokio::spawn(async move {
            // If it fails, the next look finds that tasks are missing and tries again.
            let _ = consumer::ensure_stream(&context).await;
            let _ = notes.send(Note::Ensured);
        });
        self.ensuring = Some(ensure.abort_handle());
    }

    async fn answered(&mut self, mut answer: Answer) {
        self.heard = true;
        self.agents.saw(&answer.agent);
        let nothing = Ok(Content::Here(ByteBuf::new()));
        match std::mem::replace(&mut answer.content, nothing) {
            Err(Missing(name)) => self.missing(answer, name).await,
            Ok(Content::Here(bytes)) => self.settle(answer, &bytes).await,
            Ok(Content::Stored(name)) => {
                let (store, notes) = (self.store.clone(), self.notes.clone());
                let is_awaited = self.pending.contains_key(&answer.key);
                tokio::spawn(async move {
                    let bytes = if is_awaited { store.fetch(&name).await.ok() } else { None };
                    let is_of_use = bytes.is_some() || !is_awaited;
                    let _ = notes.send(Note::Fetched { answer, bytes });
                    if is_of_use {
                        store.remove(&name).await;
                    }
                });
            }
        }
    }

    /// The object store lacks a task's contents: they are put there anew, and the task is published anew with them. If
    /// nobody waits for it any more, or it is there with others already, the server may forget this one.
    async fn missing(&mut self, answer: Answer, name: String) {
        self.acknowledge(answer.acks).await;
        let is_lost = |it: &&mut Pending| it.stored.as_ref() == Some(&name);
        let Some(pending) = self.pending.get_mut(&answer.key).filter(is_lost) else { return };
        (pending.message, pending.stored) = (None, None);
        if let Some(sequence) = pending.take_sequence() {
            self.delete(sequence).await;
        }
        // The server may only not have answered in time.
        self.forget_stored(Some(name));
        self.store_contents(answer.key);
    }

    async fn acknowledge(&self, acks: Vec<String>) {
        for ack in acks {
            if names::delivery(&ack).is_some() {
                let _ = self.client.publish(ack, Bytes::from_static(b"+ACK")).await;
            }
        }
    }

    /// The result is in. Only now the server may forget the task.
    pub(super) async fn settle(&mut self, answer: Answer, bytes: &[u8]) {
        let pending = self.pending.remove(&answer.key);
        self.acknowledge(answer.acks).await;
        let Some(pending) = pending else { return };
        if pending.copies > 1 {
            // The stream, or another agent, may have it still.
            self.withdraw(answer.key, pending.sequence).await;
        }
        self.forget_stored(pending.stored);
        pending.load.settle(bytes);
    }
}
