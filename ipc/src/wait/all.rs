//! `wait`.

use std::io;
use std::time::Duration;

use sync_prims::Deadline;

use super::source::{Kind, Source, Waitable, Watched};
use crate::program::Program;
use crate::sleep::SLICE;
use crate::sys::descriptor::{AsDescriptor, Descriptor};
use crate::sys::readiness::readable;

/// Waits until at least one of the sources is ready, at most for `timeout` (`None`: for ever), and
/// tells which are, by their places in the list. There are none if the time has passed, or if the
/// list is empty.
///
/// Any mix can be in the list, and any number: receivers, queues and connections are ready when a
/// receive would not wait, be it that there is a message or that none can come any more; a process's
/// sentinel when the process has ended; a descriptor when it can be read. What is ready for one may be
/// taken by another before it is used: receive with `try_…` where there are others.
///
/// Nobody polls: the call sleeps, and what happens at a source wakes it. Those who send to one that
/// nobody waits for in this way do not pay for it.
///
/// # Process death
///
/// A source whose other side is gone, killed or not, becomes ready.
///
/// # Errors
/// The system is out of descriptors, threads or memory, or shared memory is damaged.
///
/// # Examples
///
/// ```
/// let (sender, receiver) = ipc::channel(1)?;
/// let queue = ipc::Queue::<String>::bounded(1)?;
/// std::thread::spawn(move || sender.send(5));
/// assert_eq!(ipc::wait(&[&queue, &receiver], None)?, [1]);
/// assert_eq!(receiver.recv()?, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "select")]
pub fn wait(sources: &[&dyn Waitable], timeout: Option<Duration>) -> io::Result<Vec<usize>> {
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let deadline = timeout.map_or(Deadline::never(), Deadline::after);
    let sources: Vec<Source<'_>> = sources.iter().map(|source| source.source()).collect();
    let list = List::new(&sources);
    let ready = list.ready()?;
    // A look is all that is wanted, or needed.
    if !ready.is_empty() || timeout == Some(Duration::ZERO) {
        return Ok(ready);
    }
    if list.watched.is_empty() { list.wait_for_descriptors(deadline) } else { list.wait(deadline) }
}

/// Waits for one thing that has no event count of its own to sleep on; `false` if the time was up first.
pub(crate) fn until(program: &Program, watched: &dyn Watched, deadline: Deadline) -> bool {
    let Program { heap, me, keeper, .. } = program;
    let bell = heap.bell(*me);
    loop {
        let notices = keeper.ensure().is_ok();
        // As in `List::wait`.
        let key = bell.listen();
        watched.signal().enter(*me);
        if watched.is_ready().unwrap_or(false) {
            return true;
        }
        if deadline.passed() {
            return false;
        }
        let soon = deadline.remaining().map_or(SLICE, |left| left.min(SLICE));
        bell.wait(key, if notices { deadline } else { Deadline::after(soon) });
    }
}

/// The sources, by what it takes to wait for them, with their places in the caller's list.
struct List<'a> {
    watched: Vec<(usize, &'a dyn Watched)>,
    places: Vec<usize>,
    descriptors: Vec<Descriptor<'a>>,
}

impl<'a> List<'a> {
    fn new(sources: &'a [Source<'a>]) -> List<'a> {
        let mut list = List { watched: Vec::new(), places: Vec::new(), descriptors: Vec::new() };
        for (place, source) in sources.iter().enumerate() {
            match &source.0 {
                Kind::Watched(watched) => list.watched.push((place, *watched)),
                Kind::Descriptor(descriptor) => {
                    list.places.push(place);
                    list.descriptors.push(*descriptor);
                }
            }
        }
        list
    }

    /// Which are ready now.
    fn ready(&self) -> io::Result<Vec<usize>> {
        let mut ready = Vec::new();
        for (place, watched) in &self.watched {
            if watched.is_ready()? {
                ready.push(*place);
            }
        }
        if !self.descriptors.is_empty() {
            let polled = readable(&self.descriptors, Some(Duration::ZERO))?;
            ready.extend(self.places.iter().zip(polled).filter(|(_, is)| *is).map(|(at, _)| *at));
        }
        ready.sort_unstable();
        Ok(ready)
    }

    fn wait_for_descriptors(&self, deadline: Deadline) -> io::Result<Vec<usize>> {
        loop {
            readable(&self.descriptors, deadline.remaining())?;
            let ready = self.ready()?;
            if !ready.is_empty() || deadline.passed() {
                return Ok(ready);
            }
        }
    }

    fn wait(&self, deadline: Deadline) -> io::Result<Vec<usize>> {
        let Program { heap, me, keeper, bridge, .. } = Program::current()?;
        // The deaths that are to end this wait have to be noticed by somebody.
        keeper.ensure()?;
        let bell = heap.bell(*me);
        loop {
            // First listen, then be entered, then look, then sleep: see `Signal`.
            let key = bell.listen();
            self.watched.iter().for_each(|(_, watched)| watched.signal().enter(*me));
            let ready = self.ready()?;
            if !ready.is_empty() || deadline.passed() {
                return Ok(ready);
            }
            if self.descriptors.is_empty() {
                bell.wait(key, deadline);
            } else {
                let crossing = bridge.cross(heap, *me, key)?;
                let mut descriptors = self.descriptors.clone();
                descriptors.push(crossing.descriptor());
                readable(&descriptors, deadline.remaining())?;
            }
        }
    }
}
