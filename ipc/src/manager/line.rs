//! A client's line, for one call at a time.

use std::cell::{Cell, RefCell};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ManagerError;
use super::link::{not_received, not_sent};
use super::protocol::{Envelope, Request, Status};
use crate::channel::{Receiver, Sender, Untyped};
use crate::error::{DecodeError, EncodeError};
use crate::message::{Decoder, Encoder, decode_plain};
use crate::pipe::Connection;

pub(super) struct Line {
    way: Way,
    /// The server is still there, as far as is known.
    good: Cell<bool>,
}

enum Way {
    /// Requests go into the inbox, with this number.
    Program {
        number: u64,
        replies: Receiver<Untyped>,
    },
    Network(RefCell<Connection<(), ()>>),
}

impl Line {
    /// Within the program. It has no number yet.
    pub(super) fn within(replies: Receiver<Untyped>) -> Line {
        Line { way: Way::Program { number: 0, replies }, good: Cell::new(true) }
    }

    pub(super) fn over(connection: Connection<(), ()>) -> Line {
        Line { way: Way::Network(RefCell::new(connection)), good: Cell::new(true) }
    }

    pub(super) fn set_number(&mut self, known: u64) {
        if let Way::Program { number, .. } = &mut self.way {
            *number = known;
        }
    }

    pub(super) fn is_good(&self) -> bool {
        self.good.get()
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask<A: Serialize, R: DeserializeOwned>(
        &self,
        inbox: Option<&Sender<Untyped>>,
        request: &Request,
        args: A,
    ) -> Result<R, ManagerError> {
        match (&self.way, inbox) {
            (Way::Program { number, .. }, Some(inbox)) => {
                let sent = inbox.send_value_with(args, |encoder, args| {
                    encoder.put(&Envelope::Request { line: *number })?;
                    encoder.put(request)?;
                    encoder.put(args)
                });
                sent.map_err(|error| self.note(not_sent(error)))?;
            }
            _ => self.say(|encoder| {
                encoder.put(request)?;
                encoder.put(&args)
            })?,
        }
        self.answer()
    }

    /// Sends what `write` puts over the network.
    pub(super) fn say(
        &self,
        write: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), ManagerError> {
        let Way::Network(connection) = &self.way else { return Err(ManagerError::Gone) };
        let bytes = Encoder::plain(write)?;
        let sent = connection.borrow_mut().send_bytes(&bytes);
        sent.map_err(|error| self.note(not_sent(error)))
    }

    /// Waits for the answer.
    pub(super) fn answer<R: DeserializeOwned>(&self) -> Result<R, ManagerError> {
        let read = |decoder: &mut Decoder<'_>| -> Result<_, DecodeError> {
            Ok(match decoder.take()? {
                Status::Done => Ok((decoder.take()?, false)),
                Status::Lent => Ok((decoder.take()?, true)),
                Status::Refused(why) => Err(why),
            })
        };
        let answer = match &self.way {
            Way::Program { replies, .. } => replies.recv_with(read),
            Way::Network(connection) => {
                let received = connection.borrow_mut().recv_bytes();
                received.and_then(|bytes| Ok(decode_plain(&bytes, read)?))
            }
        };
        let (answer, lent) = answer.map_err(|error| self.note(not_received(error)))??;
        // Within the program the server sees what was taken out.
        if lent && matches!(self.way, Way::Network(_)) {
            self.say(|encoder| encoder.put(&Request::Received))?;
        }
        Ok(answer)
    }

    fn note(&self, error: ManagerError) -> ManagerError {
        if matches!(error, ManagerError::Gone | ManagerError::Io(_)) {
            self.good.set(false);
        }
        error
    }
}
