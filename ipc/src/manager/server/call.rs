//! Calls, from when their arguments have come until they are answered.

use std::any::Any;
use std::cell::Cell;
use std::mem::needs_drop;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::crew::{Crew, Outing};
use super::line::Line;
use crate::manager::function::{Client, TakeBack};
use crate::manager::host::Catch;
use crate::manager::protocol::Refusal;

/// Who calls, and where the answer goes.
pub(in crate::manager) struct Call {
    pub(in crate::manager) client: Client,
    pub(super) object: u64,
    pub(super) line: Arc<Line>,
    catch: Catch,
    /// There if it may run code of the user's.
    users: Option<Arc<Crew>>,
    /// Ends when the function has returned, before anybody can know of that.
    outing: Cell<Option<Outing>>,
}

impl Call {
    pub(super) fn new(
        client: Client,
        object: u64,
        line: Arc<Line>,
        catch: Catch,
        users: Option<Arc<Crew>>,
    ) -> Call {
        Call { client, object, line, catch, users, outing: Cell::new(None) }
    }

    /// Whether it runs no code of the user's.
    pub(super) fn is_quick(&self) -> bool {
        self.users.is_none()
    }

    /// Code of the user's is about to run, if any does.
    pub(super) fn go_out(&self) {
        self.outing.set(self.users.as_ref().map(Outing::new));
    }

    /// It has returned.
    pub(super) fn come_back(&self) {
        self.outing.take();
    }

    /// Drops what may be the user's.
    fn drop_users<T>(&self, value: &mut Option<T>) {
        if value.is_none() {
            return;
        }
        let Some(crew) = &self.users else { return *value = None };
        // It is still out if a panic has brought it here.
        let _outing = self.outing.take().unwrap_or_else(|| Outing::new(crew));
        // A panic in there is nobody's to be told of, but the hook has printed it.
        let _ = (self.catch)(&mut || *value = None);
    }

    /// Answers, or says why the answer cannot be sent.
    pub(in crate::manager) fn reply<R: Serialize>(&self, result: R) {
        self.line.reply(Returned { result: Some(result), call: self });
    }

    /// Answers with what the object gets back by `take_back` if the client does not live to receive it, and
    /// right now if it cannot be sent.
    pub(in crate::manager) fn lend<R: Serialize>(
        &self,
        result: R,
        take_back: TakeBack,
    ) -> Option<R> {
        let result = Returned { result: Some(result), call: self };
        let mut unsent = self.line.lend(result, self.object, self.client, take_back)?;
        unsent.result.take()
    }

    pub(super) fn refuse(&self, why: Refusal) {
        self.come_back();
        self.line.refuse(why);
    }
}

/// A result on its way. When it is encoded, no code of the user's is left to run but its drop, which may come
/// after the answer: a panic in there is no second one.
struct Returned<'c, R> {
    /// There until it is given back or dropped.
    result: Option<R>,
    call: &'c Call,
}

impl<R: Serialize> Serialize for Returned<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let result = self.result.as_ref().expect("there until it was sent or not");
        let encoded = result.serialize(serializer);
        self.call.come_back();
        encoded
    }
}

impl<R> Drop for Returned<'_, R> {
    fn drop(&mut self) {
        if needs_drop::<R>() {
            self.call.drop_users(&mut self.result);
        }
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

impl Pending {
    /// The call is over. What is left of its arguments is dropped.
    pub(super) fn discard(self) {
        let Pending { call, visit } = self;
        call.drop_users(&mut Some(visit));
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Arc, Mutex};

    use serde::{Serialize, Serializer};

    use super::Call;
    use crate::channel::{Untyped, channel};
    use crate::manager::function::Client;
    use crate::manager::server::crew::Crew;
    use crate::manager::server::line::{Line, Link, Way};

    /// Notes how many threads are out when it is encoded, and when it is dropped.
    struct Outcome<'a> {
        crew: &'a Crew,
        out: &'a Mutex<Vec<usize>>,
        panics: bool,
    }

    impl Outcome<'_> {
        fn note(&self) {
            self.out.lock().expect("not poisoned").push(self.crew.out());
        }
    }

    impl Serialize for Outcome<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.note();
            assert!(!self.panics, "as it is wanted");
            serializer.serialize_unit()
        }
    }

    impl Drop for Outcome<'_> {
        fn drop(&mut self) {
            self.note();
        }
    }

    #[test]
    fn a_thread_is_out_once_while_a_result_is_encoded_and_while_it_is_dropped() {
        for panics in [false, true] {
            let (replies, unread) = channel::<Untyped>(1).expect("a channel");
            let client = Client { link: 1, thread: 0, pid: 1 };
            let link = Arc::new(Link::new(client));
            let line = Arc::new(Line::new(1, link, Way::Program { replies, unread }));
            let crew = Arc::new(Crew::default());
            let catch = |f: &mut dyn FnMut()| {
                f();
                Ok(())
            };
            let call = Call::new(client, 1, line, catch, Some(Arc::clone(&crew)));
            let out = Mutex::default();
            call.go_out();
            let replied = catch_unwind(AssertUnwindSafe(|| {
                call.reply(Outcome { crew: &crew, out: &out, panics });
            }));
            assert_eq!(replied.is_err(), panics);
            call.come_back();
            assert_eq!((out.into_inner().expect("not poisoned"), crew.out()), (vec![1, 1], 0));
        }
    }
}
