//! Waiting for many objects, sockets and pipes by way of one.

use std::io;
use std::os::windows::io::{AsRawHandle, AsRawSocket, OwnedHandle, OwnedSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::descriptor::{AsDescriptor, Descriptor};
use super::life::Doorbell;
use super::named_pipe::Post;
use super::poll::Events;
use super::readiness;

/// Ready when one of the descriptors in it is, or has hung up. A descriptor leaves it when it is removed,
/// which it has to be before it is closed.
#[derive(Debug)]
pub(crate) struct Epoll(Arc<Set>);

/// A descriptor that is ready.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ready {
    pub(crate) number: u64,
    /// It can be read.
    pub(crate) read: bool,
    /// Its other end is gone. There may still be something to read.
    pub(crate) gone: bool,
}

/// What is in it, and who sleeps for that.
#[derive(Debug, Default)]
pub(super) struct Set(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    entries: Vec<Entry>,
    sleepers: Vec<Arc<Doorbell>>,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    number: u64,
    member: Member,
}

/// Tells the descriptors in it apart.
#[derive(Debug, PartialEq, Eq)]
enum Key {
    Object(usize),
    Socket(u64),
    Pipe(usize),
    Set(usize),
}

/// A duplicate of a descriptor, so that it stays open while somebody sleeps for it, and what counts of it. A pipe can be closed
/// all the same.
#[derive(Debug, Clone)]
pub(super) enum Member {
    Object(Arc<OwnedHandle>, bool),
    Socket(Arc<OwnedSocket>, Events),
    Pipe(Arc<dyn Post>, Events),
    Set(Arc<Set>, bool),
}

impl Member {
    fn of(descriptor: Descriptor<'_>) -> io::Result<Member> {
        let asked = Events::GONE.and_if(Events::READ, true);
        Ok(match descriptor {
            Descriptor::Object(object) => Member::Object(object.try_clone_to_owned()?.into(), true),
            Descriptor::Socket(socket) => {
                Member::Socket(socket.try_clone_to_owned()?.into(), asked)
            }
            Descriptor::Pipe(post) => Member::Pipe(Arc::clone(post), asked),
            Descriptor::Set(epoll) => Member::Set(Arc::clone(&epoll.0), true),
        })
    }

    fn heed(&mut self, read: bool, write: bool) {
        match self {
            Member::Object(_, heeded) | Member::Set(_, heeded) => *heeded = read,
            Member::Socket(_, asked) | Member::Pipe(_, asked) => {
                *asked = Events::GONE.and_if(Events::READ, read).and_if(Events::WRITE, write);
            }
        }
    }
}

fn key(descriptor: Descriptor<'_>) -> Key {
    match descriptor {
        Descriptor::Object(object) => Key::Object(object.as_raw_handle().addr()),
        Descriptor::Socket(socket) => Key::Socket(socket.as_raw_socket()),
        Descriptor::Pipe(post) => Key::Pipe(Arc::as_ptr(post).addr()),
        Descriptor::Set(epoll) => Key::Set(Arc::as_ptr(&epoll.0).addr()),
    }
}

impl Set {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is in it. `changed` is rung when that is so no more, until it leaves.
    pub(super) fn enter(&self, changed: Arc<Doorbell>) -> Vec<(u64, Member)> {
        let mut entries = self.entries();
        entries.sleepers.push(changed);
        entries.entries.iter().map(|entry| (entry.number, entry.member.clone())).collect()
    }

    pub(super) fn leave(&self, changed: &Arc<Doorbell>) {
        self.entries().sleepers.retain(|known| !Arc::ptr_eq(known, changed));
    }

    /// Changes what is in it.
    fn change<R>(&self, change: impl FnOnce(&mut Vec<Entry>) -> io::Result<R>) -> io::Result<R> {
        let mut entries = self.entries();
        let done = change(&mut entries.entries)?;
        entries.sleepers.iter().for_each(|changed| changed.ring());
        Ok(done)
    }
}

fn find(entries: &[Entry], descriptor: Descriptor<'_>) -> io::Result<usize> {
    let key = key(descriptor);
    let place = entries.iter().position(|entry| entry.key == key);
    place.ok_or_else(|| io::ErrorKind::NotFound.into())
}

impl Epoll {
    pub(crate) fn new() -> io::Result<Epoll> {
        Ok(Epoll(Arc::default()))
    }

    pub(super) fn set(&self) -> &Arc<Set> {
        &self.0
    }

    /// Adds a descriptor.
    pub(crate) fn add(&self, descriptor: Descriptor<'_>) -> io::Result<()> {
        self.add_numbered(descriptor, 0)
    }

    /// Says whether a descriptor that is in it counts.
    pub(crate) fn heed(&self, descriptor: Descriptor<'_>, heed: bool) -> io::Result<()> {
        self.heed_numbered(descriptor, 0, heed, false)
    }

    /// Adds a descriptor with a number to know it by.
    pub(crate) fn add_numbered(&self, descriptor: Descriptor<'_>, number: u64) -> io::Result<()> {
        let entry = Entry { key: key(descriptor), number, member: Member::of(descriptor)? };
        self.0.change(|entries| {
            entries.push(entry);
            Ok(())
        })
    }

    /// Says what counts of a descriptor with a number: that it can be read, or written to. That its other
    /// end is gone always counts.
    pub(crate) fn heed_numbered(
        &self,
        descriptor: Descriptor<'_>,
        number: u64,
        read: bool,
        write: bool,
    ) -> io::Result<()> {
        self.0.change(|entries| {
            let place = find(entries, descriptor)?;
            let entry = &mut entries[place];
            entry.number = number;
            entry.member.heed(read, write);
            Ok(())
        })
    }

    /// Takes a descriptor out.
    pub(crate) fn remove(&self, descriptor: Descriptor<'_>) -> io::Result<()> {
        // Its duplicate is closed without the lock.
        let entry = self.0.change(|entries| Ok(entries.swap_remove(find(entries, descriptor)?)))?;
        drop(entry);
        Ok(())
    }

    /// Sleeps as [`wait`](Epoll::wait) does, and tells those that are ready.
    pub(crate) fn wait_numbered(&self, timeout: Option<Duration>) -> io::Result<Vec<Ready>> {
        let ready = readiness::wait_for(timeout, |watch| {
            let mut members = watch.enter(&self.0)?.into_iter();
            members.try_for_each(|(number, member)| watch.add_member(number, member))
        })?;
        let told = |(number, events): (u64, Events)| {
            let (read, gone) = (events.has(Events::READ), events.has(Events::GONE));
            Ready { number, read, gone }
        };
        Ok(ready.into_iter().map(told).collect())
    }

    /// Sleeps until one is ready, for at most `timeout` (`None`: for ever).
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> io::Result<()> {
        readiness::readable(&[self.descriptor()], timeout).map(drop)
    }
}

impl AsDescriptor for Epoll {
    fn descriptor(&self) -> Descriptor<'_> {
        Descriptor::Set(self)
    }
}
