//! Sleeping until objects, sockets and pipes are ready.

use std::io;
use std::os::windows::io::{AsRawHandle, AsRawSocket, RawSocket};
use std::sync::Arc;
use std::time::Duration;

use sync_prims::Deadline;
use windows_sys::Win32::Foundation::HANDLE;

use super::descriptor::Descriptor;
use super::epoll::{Member, Set};
use super::life::Doorbell;
use super::named_pipe::{Lookout, Post};
use super::poll::{Events, Poll};
use super::sleep::{is_signalled, until_any};

/// Sleeps until one of these can be read, is signalled or has hung up, or for `timeout` (`None`: for ever).
/// Tells for each whether it is so.
pub(crate) fn readable(all: &[Descriptor<'_>], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
    ready(all, Events::READ, timeout)
}

/// The same until there is room to send, or the other end is gone.
pub(crate) fn writable(one: Descriptor<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    ready(&[one], Events::WRITE, timeout).map(|ready| ready[0])
}

fn ready(
    all: &[Descriptor<'_>],
    asked: Events,
    timeout: Option<Duration>,
) -> io::Result<Vec<bool>> {
    let asked = Events::GONE.and_if(asked, true);
    let found = wait_for(timeout, |watch| {
        all.iter().enumerate().try_for_each(|(place, one)| watch.add(place as u64, *one, asked))
    })?;
    let mut ready = vec![false; all.len()];
    found.iter().for_each(|(place, _)| ready[*place as usize] = true);
    Ok(ready)
}

/// Sleeps until some of what `list` adds is ready, and tells what by the places it was given. It is listed
/// again when a set that is in it has changed.
pub(super) fn wait_for<'a>(
    timeout: Option<Duration>,
    list: impl Fn(&mut Watch<'a>) -> io::Result<()>,
) -> io::Result<Vec<(u64, Events)>> {
    let deadline = timeout.map_or(Deadline::never(), Deadline::after);
    loop {
        let mut watch = Watch::default();
        list(&mut watch)?;
        let ready = watch.wait(deadline)?;
        if !ready.is_empty() || deadline.passed() {
            return Ok(ready);
        }
    }
}

/// What one sleep is for.
#[derive(Debug, Default)]
pub(super) struct Watch<'a> {
    objects: Vec<(u64, HANDLE)>,
    sockets: Vec<(u64, RawSocket, Events)>,
    pipes: Vec<(u64, Arc<dyn Post>, Events)>,
    /// Rung when a set has changed.
    changed: Option<Arc<Doorbell>>,
    sets: Vec<Arc<Set>>,
    /// Keep what is in the sets open.
    members: Vec<Member>,
    _borrowed: std::marker::PhantomData<Descriptor<'a>>,
}

impl<'a> Watch<'a> {
    pub(super) fn add(&mut self, place: u64, one: Descriptor<'a>, asked: Events) -> io::Result<()> {
        match one {
            Descriptor::Object(object) => self.objects.push((place, object.as_raw_handle())),
            Descriptor::Socket(socket) => {
                self.sockets.push((place, socket.as_raw_socket(), asked));
            }
            Descriptor::Pipe(post) => self.pipes.push((place, Arc::clone(post), asked)),
            Descriptor::Set(epoll) => {
                for (_, member) in self.enter(epoll.set())? {
                    self.add_member(place, member)?;
                }
            }
        }
        Ok(())
    }

    /// What is in the set now. From here on the sleep ends when that changes.
    pub(super) fn enter(&mut self, set: &Arc<Set>) -> io::Result<Vec<(u64, Member)>> {
        let changed = match &self.changed {
            Some(changed) => Arc::clone(changed),
            None => Arc::clone(self.changed.insert(Arc::new(Doorbell::new()?))),
        };
        self.sets.push(Arc::clone(set));
        Ok(set.enter(changed))
    }

    pub(super) fn add_member(&mut self, place: u64, member: Member) -> io::Result<()> {
        match &member {
            Member::Object(object, true) => self.objects.push((place, object.as_raw_handle())),
            Member::Socket(socket, asked) => {
                self.sockets.push((place, socket.as_raw_socket(), *asked));
            }
            Member::Pipe(post, asked) => self.pipes.push((place, Arc::clone(post), *asked)),
            Member::Set(set, true) => {
                for (_, inner) in self.enter(set)? {
                    self.add_member(place, inner)?;
                }
            }
            Member::Object(_, false) | Member::Set(_, false) => {}
        }
        self.members.push(member);
        Ok(())
    }

    fn wait(&self, deadline: Deadline) -> io::Result<Vec<(u64, Events)>> {
        let asked: Vec<_> =
            self.sockets.iter().map(|(_, socket, events)| (*socket, *events)).collect();
        let poll = if asked.is_empty() { None } else { Some(Poll::start(&asked)?) };
        let mut objects: Vec<HANDLE> = self.objects.iter().map(|(_, object)| *object).collect();
        objects.extend(poll.iter().map(Poll::answered));
        objects.extend(self.changed.iter().map(|changed| changed.handle()));
        let mut lookout = if self.pipes.is_empty() { None } else { Some(Lookout::new()?) };
        if let Some(lookout) = &mut lookout {
            self.pipes.iter().for_each(|(_, post, asked)| post.look(*asked, lookout));
            objects.push(lookout.told());
        }
        until_any(&objects, deadline)?;
        drop(lookout);
        let signalled = self.objects.iter().filter(|(_, object)| is_signalled(*object));
        let mut ready: Vec<_> = signalled.map(|(place, _)| (*place, Events::READ)).collect();
        let answer = poll.map(Poll::answer).unwrap_or_default();
        for (place, socket, events) in &self.sockets {
            let told = answer.iter().find(|(told, found)| told == socket && found.has(*events));
            ready.extend(told.map(|(_, found)| (*place, *found)));
        }
        let pipes = self.pipes.iter().map(|(place, post, asked)| (*place, post.ready(*asked)));
        ready.extend(pipes.filter(|(_, found)| *found != Events::NONE));
        Ok(ready)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if let Some(changed) = &self.changed {
            self.sets.iter().for_each(|set| set.leave(changed));
        }
    }
}
