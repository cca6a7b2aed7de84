//! Clients, as the server knows them, and where replies go.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Serialize, Serializer};

use super::cell::Cell;
use super::wire::Wire;
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
    /// Leases of a client that is not of the program, and how many each is.
    leases: Mutex<HashMap<u64, (Endpoint, usize)>>,
}

impl Link {
    pub(super) fn new(client: Client) -> Link {
        Link { client, gone: AtomicBool::new(false), leases: Mutex::default() }
    }

    fn leases(&self) -> MutexGuard<'_, HashMap<u64, (Endpoint, usize)>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rent(&self, object: u64, lease: Endpoint) {
        self.leases().entry(object).or_insert((lease, 0)).1 += 1;
    }

    /// Ends one of its leases of the object.
    pub(super) fn release(&self, object: u64) {
        let mut leases = self.leases();
        if let Entry::Occupied(mut lease) = leases.entry(object) {
            lease.get_mut().1 -= 1;
            if lease.get().1 == 0 {
                let lease = lease.remove();
                drop(leases);
                drop(lease);
            }
        }
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
    way: Way,
}

/// Where replies go.
pub(super) enum Way {
    Program(Sender<Untyped>),
    Network(Arc<Wire>),
}

/// A lease on its way to a client of the program.
struct NewLease(Endpoint);

impl Serialize for NewLease {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Line {
    pub(super) fn new(id: u64, link: Arc<Link>, way: Way) -> Line {
        Line { id, link, way }
    }

    /// Sends the result of a call, or why it cannot be sent. There is room, as a line has one call at a
    /// time. The result comes back if the client is gone.
    pub(super) fn reply<R: Serialize>(&self, result: R) -> Result<(), R> {
        let sent = match &self.way {
            Way::Program(replies) => replies.try_send_value_with(result, |encoder, result| {
                encoder.put(&Status::Done)?;
                encoder.put(result)
            }),
            Way::Network(wire) => wire.send(result, |encoder, result| {
                encoder.put(&Status::Done)?;
                encoder.put(result)
            }),
        };
        match sent {
            Ok(()) => {}
            Err(SendError::Disconnected(result)) => return Err(result),
            Err(SendError::Encode { error, .. }) => self.refuse(Refusal::Result(error)),
            Err(SendError::Io { error, .. }) => self.refuse(error.into()),
            Err(error) => self.refuse(std::io::Error::other(error.to_string()).into()),
        }
        Ok(())
    }

    /// Sends a proxy of the object, which the client is to hold. One that is not delivered is given back.
    pub(super) fn reply_with_proxy(&self, cell: &Cell) {
        let lease = match cell.tenants.with_role(Role::Sender) {
            Ok(lease) => lease,
            Err(error) => return self.refuse(error.into()),
        };
        match &self.way {
            Way::Program(_) => drop(self.reply((cell.id, NewLease(lease)))),
            Way::Network(_) => {
                self.link.rent(cell.id, lease);
                let _ = self.reply(cell.id);
            }
        }
    }

    pub(super) fn refuse(&self, why: Refusal) {
        let why = Status::Refused(why);
        // A client that is gone need not know.
        let _ = match &self.way {
            Way::Program(replies) => replies.try_send_with(|encoder| encoder.put(&why)),
            Way::Network(wire) => wire.send((), |encoder, ()| encoder.put(&why)),
        };
    }
}
