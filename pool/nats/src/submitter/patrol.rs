//! Whether the server still has the tasks that wait for a result. It may have lost some: nothing here depends on
//! what it had written to its disk before it died.

use std::time::Instant;

use async_nats::Client;
use async_nats::client::RequestErrorKind;
use pool::TaskKey;
use serde::Deserialize;

use super::driver::{Driver, Note};
use super::pending::Pending;
use crate::names;

/// What the server says about a message.
#[derive(Deserialize)]
struct Got {
    message: Option<Kept>,
}

#[derive(Deserialize)]
struct Kept {
    subject: String,
}

impl Driver {
    /// Asks for those of the tasks that are to be looked for.
    pub(super) fn patrol(&mut self, is_due: impl Fn(&Pending) -> bool) {
        if self.patrolling.is_some() {
            return;
        }
        let silent = self.pending.iter().filter(|(_, it)| it.message.is_some());
        let silent = silent.filter(|(_, it)| is_due(it));
        let silent: Vec<_> = silent.map(|(key, it)| (*key, it.sequence)).collect();
        if silent.is_empty() {
            return;
        }
        let (client, notes) = (self.client.clone(), self.notes.clone());
        let tasks = names::tasks(&names::build(), &self.me);
        let patrol = tokio::spawn(async move {
            for (key, sequence) in silent {
                // A server that does not answer one does not answer the next.
                let Some(is_there) = is_there(&client, &tasks, sequence).await else { break };
                let _ = notes.send(Note::Checked { key, is_there });
            }
            let _ = notes.send(Note::Patrolled);
        });
        self.patrolling = Some(patrol.abort_handle());
    }

    /// After a new connection, once there is a stream and no other patrol is under way: asks for all that was published
    /// before.
    pub(super) fn patrol_anew(&mut self) {
        if self.ensuring.is_none()
            && self.patrolling.is_none()
            && let Some(since) = self.is_anew.take()
        {
            self.patrol(|it| it.since <= since);
        }
    }

    /// The server has this task, or has it not.
    pub(super) async fn checked(&mut self, key: TaskKey, is_there: bool) {
        if is_there {
            if let Some(pending) = self.pending.get_mut(&key) {
                (pending.since, pending.found) = (Instant::now(), pending.found + 1);
            }
        } else {
            self.publish(key).await;
        }
    }
}

/// Whether the stream has a task of ours under this number; `None` if the server does not say.
async fn is_there(client: &Client, tasks: &str, sequence: Option<u64>) -> Option<bool> {
    // Nobody has said that it was taken in.
    let Some(sequence) = sequence else { return Some(false) };
    let request = format!("{{\"seq\":{sequence}}}");
    match client.request(names::message_get(), request.into()).await {
        Ok(message) => {
            let got: Got = serde_json::from_slice(&message.payload).ok()?;
            Some(got.message.is_some_and(|message| message.subject == tasks))
        }
        Err(error) if error.kind() == RequestErrorKind::NoResponders => Some(false),
        Err(_) => None,
    }
}
