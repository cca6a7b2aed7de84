//! A client's line, for one call at a time.

use std::cell::Cell;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ManagerError;
use super::link::{not_received, not_sent};
use super::protocol::{Envelope, Request, Status};
use crate::channel::{Receiver, Sender, Untyped};

pub(super) struct Line {
    number: u64,
    replies: Receiver<Untyped>,
    /// The server is still there, as far as is known.
    good: Cell<bool>,
}

impl Line {
    pub(super) fn new(replies: Receiver<Untyped>) -> Line {
        Line { number: 0, replies, good: Cell::new(true) }
    }

    pub(super) fn set_number(&mut self, number: u64) {
        self.number = number;
    }

    pub(super) fn is_good(&self) -> bool {
        self.good.get()
    }

    pub(super) fn ask<A: Serialize, R: DeserializeOwned>(
        &self,
        inbox: &Sender<Untyped>,
        request: &Request,
        args: A,
    ) -> Result<R, ManagerError> {
        let sent = inbox.send_value_with(args, |encoder, args| {
            encoder.put(&Envelope::Request { line: self.number })?;
            encoder.put(request)?;
            encoder.put(args)
        });
        sent.map_err(|error| self.note(not_sent(error)))?;
        self.answer()
    }

    /// Waits for the answer.
    pub(super) fn answer<R: DeserializeOwned>(&self) -> Result<R, ManagerError> {
        let answer = self.replies.recv_with(|decoder| {
            Ok(match decoder.take()? {
                Status::Done => Ok(decoder.take()?),
                Status::Refused(why) => Err(why),
            })
        });
        Ok(answer.map_err(|error| self.note(not_received(error)))??)
    }

    fn note(&self, error: ManagerError) -> ManagerError {
        if matches!(error, ManagerError::Gone | ManagerError::Io(_)) {
            self.good.set(false);
        }
        error
    }
}
