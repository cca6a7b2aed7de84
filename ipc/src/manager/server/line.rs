//! Clients, as the server knows them, and where replies go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Serialize, Serializer};

use super::cell::Cell;
use crate::channel::{Sender, Untyped};
use crate::endpoint::Endpoint;
use crate::error::SendError;
use crate::heap::Role;
use crate::manager::function::Client;
use crate::manager::protocol::{Refusal, Status};

/// A client: a process that has proxies.
pub(super) struct Link {
    pub(super) client: Client,
    gone: AtomicBool,
}

impl Link {
    pub(super) fn new(client: Client) -> Link {
        Link { client, gone: AtomicBool::new(false) }
    }

    /// Called before the objects hear of it.
    pub(super) fn set_gone(&self) {
        // Relaxed: an object that has not seen this by the time it runs a call hears of the death later,
        // and that comes by way of its lock.
        self.gone.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }
}

/// One of a client's lines, for one call at a time.
pub(super) struct Line {
    pub(super) id: u64,
    pub(super) link: Arc<Link>,
    replies: Sender<Untyped>,
}

/// A lease on its way to a client of the program.
struct NewLease(Endpoint);

impl Serialize for NewLease {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Line {
    pub(super) fn new(id: u64, link: Arc<Link>, replies: Sender<Untyped>) -> Line {
        Line { id, link, replies }
    }

    /// Sends the result of a call, or why it cannot be sent. There is room, as a line has one call at a
    /// time. The result comes back if the client is gone.
    pub(super) fn reply<R: Serialize>(&self, result: R) -> Result<(), R> {
        let sent = self.replies.try_send_value_with(result, |encoder, result| {
            encoder.put(&Status::Done)?;
            encoder.put(result)
        });
        match sent {
            Ok(()) => {}
            Err(SendError::Disconnected(result)) => return Err(result),
            Err(SendError::Encode { error, .. }) => self.refuse(Refusal::Result(error)),
            Err(SendError::Io { error, .. }) => self.refuse(error.into()),
            Err(error) => self.refuse(std::io::Error::other(error.to_string()).into()),
        }
        Ok(())
    }

    /// Sends a proxy of the object, which the client is to hold.
    pub(super) fn reply_with_proxy(&self, cell: &Cell) {
        match cell.tenants.with_role(Role::Sender) {
            // One that is not delivered is given back.
            Ok(lease) => drop(self.reply((cell.id, NewLease(lease)))),
            Err(error) => self.refuse(error.into()),
        }
    }

    pub(super) fn refuse(&self, why: Refusal) {
        let why = Status::Refused(why);
        let _ = self.replies.try_send_with(|encoder| encoder.put(&why));
    }
}
