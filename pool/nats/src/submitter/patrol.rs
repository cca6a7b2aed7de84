//! Whether a server that has been restarted still has the tasks that wait for a result. It may have lost some: nothing
//! here depends on what it had written to its disk before it died.

use async_nats::Client;
use async_nats::client::RequestErrorKind;
use serde::Deserialize;

use super::driver::{Driver, Note};
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
    /// After a new connection, once there is a stream: asks for all that was published before.
    pub(super) fn patrol(&mut self) {
        let Some(since) = self.is_anew.take_if(|_| self.ensuring.is_none()) else { return };
        let old = self.pending.iter().filter(|(_, it)| it.message.is_some() && it.since <= since);
        let old: Vec<_> = old.map(|(key, it)| (*key, it.sequence)).collect();
        let (client, notes) = (self.client.clone(), self.notes.clone());
        let tasks = names::tasks(&names::build(), &self.me);
        let patrol = tokio::spawn(async move {
            for (key, sequence) in old {
                // A server that does not answer one does not answer the next.
                let Some(is_there) = is_there(&client, &tasks, sequence).await else { break };
                if !is_there {
                    let _ = notes.send(Note::Lost { key });
                }
            }
        });
        self.patrolling = Some(patrol.abort_handle());
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
