//! A stream over two pipes.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync_prims::Deadline;

use super::super::descriptor::{AsDescriptor, Descriptor};
use super::super::object::random;
use super::super::poll::Events;
use super::super::sleep::until_any;
use super::end::End;
use super::lookout::{Lookout, Post};

/// So many bytes may be on their way for which there is no receipt.
pub(super) const WINDOW: usize = 128 << 10;
/// A receipt is for so many.
pub(super) const SHARE: usize = WINDOW / 4;
/// What a pipe has room for. The system may keep what was read in part as a whole.
pub(super) const ROOM: usize = 2 * WINDOW;

/// One end of a stream. It is closed when this is dropped.
#[derive(Debug)]
pub(crate) struct PipeStream {
    ways: Arc<Ways>,
    /// The same, for who sleeps there.
    post: Arc<dyn Post>,
}

#[derive(Debug)]
struct Ways {
    outgoing: Mutex<Outgoing>,
    incoming: Mutex<Incoming>,
}

/// Where bytes are sent.
#[derive(Debug)]
struct Outgoing {
    /// Until it is closed.
    end: Option<Arc<End>>,
    /// Bytes for which there was no receipt.
    unreceipted: usize,
    /// Until the client has opened the pipes.
    opening: Option<Opening>,
}

/// A client that is about to open them.
#[derive(Debug)]
struct Opening {
    /// What it closes when it has, or when it is gone.
    door: Arc<End>,
    /// What is sent to it then.
    unsent: Vec<u8>,
}

/// Where bytes are received.
#[derive(Debug)]
struct Incoming {
    /// Until it is closed.
    end: Option<Arc<End>>,
    /// Bytes for which no receipt was given.
    unreceipted: usize,
}

/// What the pipes of a stream are called: the one to the client, and the one to the listener.
pub(super) fn called(number: u128) -> [String; 2] {
    ["client", "listener"].map(|to| format!(r"\\.\pipe\tandem-{number:032x}-{to}"))
}

impl PipeStream {
    fn new(outgoing: End, incoming: End, opening: Option<Opening>) -> PipeStream {
        let (outgoing, incoming) = (Some(Arc::new(outgoing)), Some(Arc::new(incoming)));
        let outgoing = Mutex::new(Outgoing { end: outgoing, unreceipted: 0, opening });
        let incoming = Mutex::new(Incoming { end: incoming, unreceipted: 0 });
        let ways = Arc::new(Ways { outgoing, incoming });
        PipeStream { post: Arc::clone(&ways) as Arc<dyn Post>, ways }
    }

    /// To the client that has opened the other end of this pipe.
    pub(super) fn to_client(door: Arc<End>) -> io::Result<PipeStream> {
        let number = random()?;
        let [to_client, to_listener] = called(number);
        let outgoing = End::create(&to_client, ROOM, true)?;
        let incoming = End::create(&to_listener, ROOM, true)?;
        door.write(&number.to_le_bytes())?;
        let opening = Opening { door, unsent: Vec::new() };
        Ok(PipeStream::new(outgoing, incoming, Some(opening)))
    }

    /// To the listener that has the other end of this pipe.
    pub(super) fn to_listener(door: &Arc<End>, deadline: Deadline) -> io::Result<PipeStream> {
        let mut number = [0; size_of::<u128>()];
        while door.available()? == 0 {
            if deadline.passed() {
                return Err(ErrorKind::TimedOut.into());
            }
            let mut lookout = Lookout::new()?;
            lookout.for_bytes(door);
            until_any(&[lookout.told()], deadline)?;
        }
        // It comes as a whole.
        if door.read(&mut number)? < number.len() {
            return Err(ErrorKind::InvalidData.into());
        }
        let [to_client, to_listener] = called(u128::from_le_bytes(number));
        let (outgoing, incoming) = (End::open(&to_listener)?, End::open(&to_client)?);
        Ok(PipeStream::new(outgoing, incoming, None))
    }

    /// Both ends of one: the client's, and the listener's.
    #[cfg(test)]
    pub(crate) fn pair() -> io::Result<(PipeStream, PipeStream)> {
        let [name, _] = called(random()?);
        let ours = End::create(&name, ROOM, true)?;
        let theirs = Arc::new(End::open(&name)?);
        let server = PipeStream::to_client(Arc::new(ours))?;
        let client = PipeStream::to_listener(&theirs, Deadline::never())?;
        drop(theirs);
        assert!(server.ways.is_open()?);
        Ok((client, server))
    }

    /// Sends as much as there is room for now; none is `WouldBlock`.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.ways.is_open()?;
        let mut outgoing = self.ways.outgoing();
        let (end, room) = outgoing.room()?;
        if room == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let bytes = &bytes[..room.min(bytes.len())];
        match &mut outgoing.opening {
            Some(opening) => opening.unsent.extend(bytes),
            None => end.write(bytes)?,
        }
        outgoing.unreceipted += bytes.len();
        Ok(bytes.len())
    }

    /// Receives what is there now; nothing is `WouldBlock`, zero bytes are the end.
    pub(crate) fn recv(&self, into: &mut [u8]) -> io::Result<usize> {
        match self.ways.is_open() {
            Ok(true) => {}
            Ok(false) => return Err(ErrorKind::WouldBlock.into()),
            Err(_) => return Ok(0),
        }
        let mut incoming = self.ways.incoming();
        let Some(end) = incoming.end.clone() else { return Ok(0) };
        match end.available() {
            Ok(0) => Err(ErrorKind::WouldBlock.into()),
            Ok(there) => {
                let fits = there.min(into.len()).min(WINDOW);
                let some = end.read(&mut into[..fits])?;
                incoming.unreceipted += some;
                let receipts = incoming.unreceipted / SHARE;
                incoming.unreceipted %= SHARE;
                if receipts > 0 {
                    // Who is gone needs none.
                    let _ = end.write(&vec![0; receipts]);
                }
                Ok(some)
            }
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Nothing more will be sent, or received, and the other end is told.
    pub(crate) fn shutdown(&self, how: Shutdown) {
        let mut closed = [const { None }; 3];
        if how != Shutdown::Read {
            let mut outgoing = self.ways.outgoing();
            closed[0] = outgoing.end.take();
            closed[1] = outgoing.opening.take().map(|opening| opening.door);
        }
        if how != Shutdown::Write {
            closed[2] = self.ways.incoming().end.take();
        }
        // Each is closed when those who sleep at it have woken.
        closed.iter().flatten().for_each(|end| end.wake());
    }
}

impl Ways {
    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn incoming(&self) -> MutexGuard<'_, Incoming> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the client is done at the door; then it is sent what was to be. Fails if it is gone.
    fn is_open(&self) -> io::Result<bool> {
        let mut outgoing = self.outgoing();
        let Some(opening) = &outgoing.opening else { return Ok(true) };
        match opening.door.available() {
            Ok(0) => return Ok(false),
            // A client says nothing there.
            Ok(_) => return Err(ErrorKind::BrokenPipe.into()),
            Err(_) => {}
        }
        let end = outgoing.end.as_ref().ok_or(ErrorKind::BrokenPipe)?;
        // Fails if it is gone without having opened the pipe; of the other who reads will hear.
        end.write(&opening.unsent)?;
        outgoing.opening = None;
        Ok(true)
    }

    fn can_recv(&self) -> bool {
        let incoming = self.incoming();
        incoming.end.as_ref().is_none_or(|end| !matches!(end.available(), Ok(0)))
    }
}

impl Outgoing {
    /// The end, and how much there is room for now that all receipts are counted.
    fn room(&mut self) -> io::Result<(Arc<End>, usize)> {
        let end = self.end.clone().ok_or(ErrorKind::BrokenPipe)?;
        let mut receipts = [0; WINDOW / SHARE];
        while self.opening.is_none() && end.available()? > 0 {
            let come = end.read(&mut receipts)?;
            // More than there can be are from nobody who receives.
            let counted = self.unreceipted.checked_sub(come * SHARE);
            self.unreceipted = counted.ok_or(ErrorKind::BrokenPipe)?;
        }
        Ok((end, WINDOW - self.unreceipted))
    }
}

/// Ready to be read from as long as that is asked, and else to be written to, or gone, as who is sent to has closed it.
impl Post for Ways {
    fn look(&self, asked: Events, lookout: &mut Lookout) {
        // Behind the locks, so that who closes an end wakes all who have looked at it while it was open; and before anything
        // is found not to be ready, so that what comes then is told.
        let mut outgoing = self.outgoing();
        if let Some(opening) = &outgoing.opening {
            return lookout.for_bytes(&opening.door);
        }
        let [reads, writes] = [Events::READ, Events::WRITE].map(|one| asked.has(one));
        if reads {
            lookout.for_bytes_at(&self.incoming().end);
        }
        if writes || !reads {
            lookout.for_bytes_at(&outgoing.end);
        }
        if writes && outgoing.room().is_ok_and(|(_, room)| room > 0) {
            lookout.is_over();
        }
    }

    fn ready(&self, asked: Events) -> Events {
        let [reads, writes] = [Events::READ, Events::WRITE].map(|one| asked.has(one));
        match self.is_open() {
            Ok(true) => {}
            Ok(false) => return Events::NONE,
            Err(_) => return Events::GONE.and_if(Events::READ, reads),
        }
        let found = Events::NONE.and_if(Events::READ, reads && self.can_recv());
        if reads && !writes {
            return found;
        }
        match self.outgoing().room() {
            Ok((_, room)) => found.and_if(Events::WRITE, writes && room > 0),
            Err(_) => found.and_if(Events::GONE, true),
        }
    }
}

impl AsDescriptor for PipeStream {
    fn descriptor(&self) -> Descriptor<'_> {
        Descriptor::Pipe(&self.post)
    }
}

impl Drop for PipeStream {
    fn drop(&mut self) {
        self.shutdown(Shutdown::Both);
    }
}
