//! Whether the server and the agents still have the tasks that wait for a result. Nothing here depends on what a server
//! had written to its disk before it died, nor on what it makes of that.

use std::sync::atomic::Ordering::Relaxed;

use async_nats::Client;
use pool::TaskKey;

use super::driver::{Driver, Note};
use super::pending::{Deadlines, Pending};
use crate::consumer;
use crate::message::Notice;
use crate::names;

/// An agent that has a task says so three times in a lease, and what a dead one had another is given after the lease. A
/// task that nobody has said a word of for so many leases waits for its turn, or is one that the server does not give to
/// anybody.
const LEASES: u32 = 2;

impl Driver {
    /// Looks after what has waited for long.
    pub(super) async fn look(&mut self) {
        // An agent may hear that nobody was there for an answer only after it has heard that this submitter is back.
        self.say(&Notice::Submitter { submitter: self.me.clone() }).await;
        if !std::mem::take(&mut self.heard) {
            self.say(&Notice::RollCall).await;
            self.agents.call_roll();
            self.workers.store(self.agents.workers(), Relaxed);
        }
        let wait = self.patience.wait;
        let is_lost = |it: &Pending| it.sequence.is_none() && it.untaken_since.elapsed() >= wait;
        let is_given_up = self.is_given_up();
        let lost = self.pending.iter().filter(|(_, it)| is_given_up || is_lost(it));
        let lost: Vec<_> = lost.map(|(key, _)| *key).collect();
        for key in lost {
            if let Some(Pending { load, .. }) = self.pending.remove(&key) {
                load.fail(self.nobody());
            }
        }
        let deadline = self.patience.deadline;
        let unstored = self.pending.iter().filter(|(_, it)| it.message.is_none() && !it.is_storing);
        let unstored = unstored.filter(|(_, it)| it.since.elapsed() >= deadline);
        let unstored: Vec<_> = unstored.map(|(key, _)| *key).collect();
        unstored.into_iter().for_each(|key| self.store_contents(key));
        if self.unblocking.is_none() && !self.overdue().is_empty() {
            let (context, notes) = (self.context.clone(), self.notes.clone());
            let build = self.build.clone();
            let unblock = tokio::spawn(async move {
                // If it fails, the next look finds that the same are overdue and tries again.
                let _ = consumer::unblock_consumer(&context, &build).await;
                let _ = notes.send(Note::Unblocked);
            });
            self.unblocking = Some(unblock.abort_handle());
        }
    }

    /// What nobody has said a word of for too long.
    fn overdue(&self) -> Vec<TaskKey> {
        let deadline = self.patience.deadline;
        let deadlines = Deadlines {
            taken_in: deadline,
            held: deadline.max(self.agents.lease().saturating_mul(LEASES)),
            agents_since: self.agents.some_since(),
        };
        let overdue = self.pending.iter().filter(|(_, it)| it.is_overdue(&deadlines));
        overdue.map(|(key, _)| *key).collect()
    }

    pub(super) async fn publish_overdue(&mut self) {
        for key in self.overdue() {
            let Some(pending) = self.pending.get_mut(&key) else { continue };
            let sequence = pending.sequence;
            pending.unheard += u32::from(sequence.is_some());
            self.publish(key).await;
            // Only now, so that it is at the server at any time.
            if let Some(sequence) = sequence {
                self.delete(sequence).await;
            }
        }
    }

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
    let found = consumer::message(client, format!("{{\"seq\":{sequence}}}")).await?;
    Some(found.is_some_and(|message| message.subject == tasks))
}
