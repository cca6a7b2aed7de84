//! Whom the keeper watches.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::heap::ProcessId;
use crate::sys::descriptor::{AsDescriptor, Descriptor};
use crate::sys::epoll::{Epoll, Ready};
use crate::sys::life::Sentinel;
use crate::sys::line::{self, Ours};

/// A ward's sentinel is known by its id; its line, and the guardian's sentinel, by that with a bit more.
const LINE: u64 = 1 << 32;
const GUARDIAN: u64 = 1 << 33;

/// Must not block: nobody else's end is noticed meanwhile.
pub(crate) type OnEnd = Box<dyn FnOnce() + Send>;

/// Somebody to watch.
pub(crate) struct Ward {
    pub(crate) id: ProcessId,
    pub(crate) sentinel: Sentinel,
    /// Hangs up when the process execs, which the sentinel does not tell; at its end it hangs up a little
    /// before the sentinel is ready.
    pub(crate) line: Option<Arc<Ours>>,
    pub(crate) on_end: Option<OnEnd>,
    /// It can touch nothing of the program any more and was swept; its end is still to come.
    pub(crate) swept: bool,
}

impl Ward {
    fn hang_up(&self) -> Option<Descriptor<'_>> {
        self.line.as_ref()?.hang_up()
    }
}

/// Something has become of whom the keeper watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    GuardianEnded(ProcessId),
    GuardianHungUp(ProcessId),
    HungUp(ProcessId),
    Ended(ProcessId),
}

impl Event {
    fn told(Ready { number, .. }: Ready) -> Option<Event> {
        let id = ProcessId::from_raw(number as u32)?;
        Some(match number {
            _ if number & GUARDIAN != 0 && number & LINE != 0 => Event::GuardianHungUp(id),
            _ if number & GUARDIAN != 0 => Event::GuardianEnded(id),
            _ if number & LINE != 0 => Event::HungUp(id),
            _ => Event::Ended(id),
        })
    }
}

/// Those who are watched. Others than the keeper's thread add to them, which on Windows alone wakes it.
pub(super) struct Wards {
    events: Epoll,
    /// They are put in and out of the events under the lock.
    by_id: Mutex<HashMap<ProcessId, Ward>>,
}

impl Wards {
    pub(super) fn new() -> io::Result<Wards> {
        Ok(Wards { events: Epoll::new()?, by_id: Mutex::default() })
    }

    /// Sleeps until something happens, for at most `limit`.
    pub(super) fn wait(&self, limit: Option<Duration>) -> io::Result<Vec<Event>> {
        let ready = self.events.wait_numbered(limit)?;
        Ok(ready.into_iter().filter_map(Event::told).collect())
    }

    fn by_id(&self) -> MutexGuard<'_, HashMap<ProcessId, Ward>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches a process that this one started.
    pub(super) fn watch(&self, ward: Ward) -> io::Result<()> {
        let mut wards = self.by_id();
        // The thread may have adopted it before its starter came to tell.
        let adopted = wards.remove(&ward.id);
        adopted.iter().for_each(|ward| self.forget(ward));
        // On an error the ward is dropped after the lock: what is called then is the user's.
        self.list(&ward)?;
        wards.insert(ward.id, ward);
        Ok(())
    }

    /// Watches a process that this one has become the guardian of, unless it does already.
    pub(super) fn adopt(&self, ward: Ward) -> io::Result<()> {
        let mut wards = self.by_id();
        if wards.contains_key(&ward.id) {
            return Ok(());
        }
        self.list(&ward)?;
        wards.insert(ward.id, ward);
        Ok(())
    }

    fn list(&self, ward: &Ward) -> io::Result<()> {
        let number = ward.id.raw().into();
        let sentinel = self.events.add_numbered(ward.sentinel.descriptor(), number);
        let line = ward.hang_up().map(|line| self.events.add_numbered(line, number | LINE));
        sentinel.and(line.unwrap_or(Ok(()))).inspect_err(|_| self.forget(ward))
    }

    pub(super) fn contain(&self, process: ProcessId) -> bool {
        self.by_id().contains_key(&process)
    }

    fn forget(&self, ward: &Ward) {
        // It fails for what is not in it.
        let _ = self.events.remove(ward.sentinel.descriptor());
        let _ = ward.hang_up().map(|line| self.events.remove(line));
    }

    /// One that has ended.
    pub(super) fn take(&self, ward: ProcessId) -> Option<Ward> {
        let mut wards = self.by_id();
        wards.remove(&ward).inspect(|ward| self.forget(ward))
    }

    /// Watches the line of a ward no longer.
    pub(super) fn leave_line(&self, ward: ProcessId) {
        if let Some(ward) = self.by_id().get_mut(&ward) {
            let _ = ward.hang_up().map(|line| self.events.remove(line));
            ward.line = None;
        }
    }

    pub(super) fn note_swept(&self, ward: ProcessId) {
        if let Some(ward) = self.by_id().get_mut(&ward) {
            ward.swept = true;
        }
    }

    /// Watches the guardian; with it the line to it, if that is the parent.
    pub(super) fn watch_guardian(
        &self,
        id: ProcessId,
        sentinel: &Sentinel,
        line: Option<Descriptor<'_>>,
    ) -> io::Result<()> {
        let number = GUARDIAN | u64::from(id.raw());
        self.events.add_numbered(sentinel.descriptor(), number)?;
        let listed = line.map(|line| self.events.add_numbered(line, number | LINE));
        listed.unwrap_or(Ok(())).inspect_err(|_| self.leave_guardian(sentinel))
    }

    pub(super) fn leave_guardian(&self, sentinel: &Sentinel) {
        let _ = self.events.remove(sentinel.descriptor());
    }

    /// Watches the line to the parent no longer, if it does.
    pub(super) fn leave_parents_line(&self) {
        let _ = line::hang_up().map(|line| self.events.remove(line));
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use super::{Event, Ward, Wards};
    use crate::heap::ProcessId;
    use crate::sys::life::Sentinel;

    /// A process that ends soon.
    fn start() -> Child {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.arg("--help").stdout(Stdio::null()).spawn().expect("a process")
    }

    fn ward(child: &Child, is_ours: bool) -> Ward {
        let sentinel =
            Sentinel::open(child.id()).expect("a descriptor").expect("it was not reaped");
        let on_end = is_ours.then(|| Box::new(|| ()) as _);
        Ward { id: ProcessId::new(3, 5), sentinel, line: None, on_end, swept: false }
    }

    fn check_that_the_starters_word_counts(tell: impl FnOnce(&Wards, &Child)) {
        let wards = Wards::new().expect("a descriptor");
        let mut child = start();
        tell(&wards, &child);
        let id = ProcessId::new(3, 5);
        assert!(wards.contain(id));
        let mut events = Vec::new();
        while events.is_empty() {
            events = wards.wait(None).expect("an answer");
        }
        assert_eq!(events, [Event::Ended(id)]);
        assert!(wards.take(id).is_some_and(|ward| ward.on_end.is_some()));
        assert!(!wards.contain(id));
        assert_eq!(wards.wait(Some(Duration::ZERO)).expect("an answer"), []);
        child.wait().expect("a child of ours");
    }

    #[test]
    fn who_was_adopted_before_its_starter_told_is_watched_for_the_starter() {
        check_that_the_starters_word_counts(|wards, child| {
            wards.adopt(ward(child, false)).expect("room");
            wards.watch(ward(child, true)).expect("room");
        });
    }

    #[test]
    fn who_is_watched_for_its_starter_is_not_adopted() {
        check_that_the_starters_word_counts(|wards, child| {
            wards.watch(ward(child, true)).expect("room");
            wards.adopt(ward(child, false)).expect("room");
        });
    }
}
