//! Calls, from when their arguments have come until they are answered.

use std::any::Any;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::crew::{Crew, Outing};
use super::line::Line;
use crate::manager::function::{Client, TakeBack};
use crate::manager::protocol::Refusal;

/// Who calls, and where the answer goes.
pub(in crate::manager) struct Call {
    pub(in crate::manager) client: Client,
    pub(super) object: u64,
    pub(super) line: Arc<Line>,
    /// Ends when the function has returned, before anybody can know of that.
    outing: Cell<Option<Outing>>,
}

impl Call {
    pub(super) fn new(client: Client, object: u64, line: Arc<Line>) -> Call {
        Call { client, object, line, outing: Cell::new(None) }
    }

    /// Code of the user's is about to run.
    pub(super) fn go_out(&self, crew: &Arc<Crew>) {
        self.outing.set(Some(Outing::new(crew)));
    }

    /// It has returned.
    pub(super) fn come_back(&self) {
        self.outing.take();
    }

    /// Answers, or says why the answer cannot be sent.
    pub(in crate::manager) fn reply<R: Serialize>(&self, result: R) {
        self.line.reply(Returned { result, call: self });
    }

    /// Answers with what the object gets back by `take_back` if the client does not live to receive it, and
    /// right now if it cannot be sent.
    pub(in crate::manager) fn lend<R: Serialize>(
        &self,
        result: R,
        take_back: TakeBack,
    ) -> Option<R> {
        let result = Returned { result, call: self };
        let unsent = self.line.lend(result, self.object, self.client, take_back)?;
        Some(unsent.result)
    }

    pub(super) fn refuse(&self, why: Refusal) {
        self.come_back();
        self.line.refuse(why);
    }
}

/// A result on its way: when it is encoded, no code of the user's is left to run.
struct Returned<'c, R> {
    result: R,
    call: &'c Call,
}

impl<R: Serialize> Serialize for Returned<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let encoded = self.result.serialize(serializer);
        self.call.come_back();
        encoded
    }
}

/// What a call has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manager) enum Attempt {
    /// It is answered.
    Done,
    /// It has to be tried again when the object has changed, within that time (`None`: whenever).
    Later { within: Option<Duration> },
    /// The object is of another type. It is not answered.
    WrongType,
}

/// A function with its arguments.
pub(in crate::manager) trait Visit: Send {
    /// Whether it is a function of ours that never waits for anything, so that others may wait for it if the
    /// object is plain.
    fn is_quick(&self) -> bool;

    /// Calls it.
    fn attempt(&mut self, object: &mut dyn Any, call: &Call) -> Attempt;

    /// The time is up, or the client is gone: undoes what attempts have left, and answers unless that takes
    /// another attempt.
    fn give_up(&mut self, object: &mut dyn Any, call: &Call) -> Attempt {
        let _ = (object, call);
        Attempt::Done
    }
}

/// A call that waits for its turn.
pub(super) struct Pending {
    pub(super) call: Call,
    pub(super) visit: Box<dyn Visit>,
}
