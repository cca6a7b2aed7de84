//! Clients, as the server knows them, and where replies go.

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Serialize, Serializer};

use super::cell::Cell;
use super::wire::Wire;
use crate::channel::{Receiver, Sender, Untyped};
use crate::endpoint::Endpoint;
use crate::error::SendError;
use crate::heap::Role;
use crate::manager::function::{Client, TakeBack};
use crate::manager::protocol::{Refusal, Status};
use crate::message::{Decoder, Encoder, decode_plain};

/// A client: a process that has proxies.
pub(super) struct Link {
    pub(super) client: Client,
    gone: AtomicBool,
    /// How often it was lent something.
    turns: AtomicU64,
    /// The numbers of its lines.
    lines: Mutex<Vec<u64>>,
    /// Leases of a client that is not of the program, and how many each is.
    leases: Mutex<HashMap<u64, (Endpoint, usize)>>,
}

impl Link {
    pub(super) fn new(client: Client) -> Link {
        let (gone, turns) = (AtomicBool::new(false), AtomicU64::new(0));
        Link { client, gone, turns, lines: Mutex::default(), leases: Mutex::default() }
    }

    pub(super) fn lines(&self) -> MutexGuard<'_, Vec<u64>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
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
        // and that comes by way of its lock. The gate, which lets nobody in who is gone, sets it itself.
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
    loan: Mutex<Option<Loan>>,
}

/// Where replies go.
pub(super) enum Way {
    /// What the client has not taken out when it is gone is `unread`.
    Program {
        replies: Sender<Untyped>,
        unread: Receiver<Untyped>,
    },
    Network(Arc<Wire>),
}

/// The last answer that goes back to its object if the client does not receive it.
struct Loan {
    object: u64,
    client: Client,
    /// A later one of the same client has a greater number.
    turn: u64,
    take_back: TakeBack,
    /// A copy of what went over a network.
    bytes: Vec<u8>,
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
        Line { id, link, way, loan: Mutex::default() }
    }

    fn loan(&self) -> MutexGuard<'_, Option<Loan>> {
        self.loan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the result of a call, or why it cannot be sent. There is room, as a line has one call at a
    /// time.
    pub(super) fn reply<R: Serialize>(&self, result: R) {
        let _ = self.send(&Status::Done, result, None);
    }

    /// The same with what the object gets back if the client does not live to receive it, and right now if
    /// it cannot be sent.
    pub(super) fn lend<R: Serialize>(
        &self,
        result: R,
        object: u64,
        client: Client,
        take_back: TakeBack,
    ) -> Option<R> {
        let turn = self.link.turns.fetch_add(1, Ordering::Relaxed);
        let loan = Loan { object, client, turn, take_back, bytes: Vec::new() };
        self.send(&Status::Lent, result, Some(loan))
    }

    /// Gives the result back if it could not be sent, which the client is told.
    fn send<R: Serialize>(&self, status: &Status, result: R, loan: Option<Loan>) -> Option<R> {
        let write = |encoder: &mut Encoder, result: &R| {
            encoder.put(status)?;
            encoder.put(result)
        };
        let (why, result) = match &self.way {
            Way::Program { replies, .. } => {
                // Before the client can be seen not to have received it. The answer itself tells whether it
                // is this one.
                if loan.is_some() {
                    *self.loan() = loan;
                }
                match replies.try_send_value_with(result, write) {
                    Ok(()) => return None,
                    Err(SendError::Encode { error, value }) => (Refusal::Result(error), value),
                    Err(SendError::Io { error, value }) => (error.into(), value),
                    Err(error) => (io::Error::other(error.to_string()).into(), error.into_inner()),
                }
            }
            Way::Network(wire) => {
                match Encoder::plain(|encoder| write(encoder, &result)) {
                    Ok(bytes) => {
                        *self.loan() = loan.map(|loan| Loan { bytes: bytes.clone(), ..loan });
                        // If the connection is broken the gate sees it, too, and then the client is gone.
                        let _ = wire.send(&bytes);
                        return None;
                    }
                    Err(error) => (Refusal::Result(error), Some(result)),
                }
            }
        };
        self.refuse(why);
        result
    }

    /// Nothing more is said on it: who waits for an answer is told that the server is gone.
    pub(super) fn hang_up(&self) {
        match &self.way {
            Way::Program { unread, .. } => unread.close(),
            Way::Network(wire) => wire.hang_up(),
        }
    }

    /// A client that is not of the program has its last answer.
    pub(super) fn received(&self) {
        *self.loan() = None;
    }

    /// Whether that object was the last to lend something, and when.
    pub(super) fn lent_by(&self, object: u64) -> Option<u64> {
        self.loan().as_ref().filter(|loan| loan.object == object).map(|loan| loan.turn)
    }

    /// The client is gone: gives the object back what was lent and not received.
    pub(super) fn take_back(&self, object: &mut dyn Any) {
        let Some(Loan { client, take_back, bytes, .. }) = self.loan().take() else { return };
        let read = |decoder: &mut Decoder<'_>| match decoder.take()? {
            Status::Lent => take_back(object, decoder, &client),
            // A later answer.
            Status::Done | Status::Refused(_) => Ok(()),
        };
        match &self.way {
            // None if the client has received it.
            Way::Program { unread, .. } => drop(unread.try_recv_with(read)),
            Way::Network(_) => drop(decode_plain(&bytes, read)),
        }
    }

    /// Sends a proxy of the object, which the client is to hold. One that is not delivered is given back.
    pub(super) fn reply_with_proxy(&self, cell: &Cell) {
        let lease = match cell.tenants.with_role(Role::Sender) {
            Ok(lease) => lease,
            Err(error) => return self.refuse(error.into()),
        };
        match &self.way {
            Way::Program { .. } => self.reply((cell.id, NewLease(lease))),
            Way::Network(_) => {
                self.link.rent(cell.id, lease);
                self.reply(cell.id);
            }
        }
    }

    pub(super) fn refuse(&self, why: Refusal) {
        let why = Status::Refused(why);
        // A client that is gone need not know.
        match &self.way {
            Way::Program { replies, .. } => {
                drop(replies.try_send_with(|encoder| encoder.put(&why)));
            }
            Way::Network(wire) => {
                if let Ok(bytes) = Encoder::plain(|encoder| encoder.put(&why)) {
                    let _ = wire.send(&bytes);
                }
            }
        }
    }
}
