//! One side of a ring, as channels and queues use it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize, Serializer};
use sync_prims::Deadline;

use crate::error::{DecodeError, EncodeError, RecvError, SendError};
use crate::handle::{self, Hold};
use crate::heap::{Contents, HoldId, Kind, Owner, Role, Signal};
use crate::message::{self, Decoder, Encoded, Encoder, Parcel, TooLarge};
use crate::program::Program;
use crate::ring::{INLINE, Payload, Peek, Pop, Push, Ring, Task};
use crate::sleep::{Failed, Patience, Sleeper, Slept};
use crate::wait::{self, Watched};

/// A hold on a ring. Clones of one endpoint share the hold.
pub(crate) struct Endpoint {
    hold: Arc<Hold>,
    /// How many endpoints of this process share the hold.
    clones: Arc<AtomicUsize>,
    ring: Ring<'static>,
    role: Role,
}

impl Clone for Endpoint {
    fn clone(&self) -> Endpoint {
        self.ring.share();
        self.clones.fetch_add(1, Ordering::Relaxed);
        let (hold, clones) = (Arc::clone(&self.hold), Arc::clone(&self.clones));
        Endpoint { hold, clones, ring: self.ring, role: self.role }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // AcqRel: the last but one sees all that the others did, and is seen by the last
        // (`nobody_sends`), which may be asleep and has to notice that it is alone.
        if self.clones.fetch_sub(1, Ordering::AcqRel) == 2 && self.role == Role::Both {
            self.ring.notify_all();
        }
    }
}

enum Tag {}

impl Endpoint {
    fn new(hold: Hold, ring: Ring<'static>, role: Role) -> Endpoint {
        Endpoint { hold: Arc::new(hold), clones: Arc::new(AtomicUsize::new(1)), ring, role }
    }

    /// A new ring for so many messages, or for as many as come, and this process's hold on it.
    pub(crate) fn create<T: 'static>(capacity: Option<usize>, role: Role) -> io::Result<Endpoint> {
        let program = Program::current()?;
        let Program { heap, me, .. } = program;
        if capacity == Some(0) {
            let why = "a channel or queue needs room for at least one message";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let too_large = || io::Error::new(io::ErrorKind::OutOfMemory, "the capacity is too large");
        // Who can both send and receive has a queue, whose messages are tasks.
        let tasks = role == Role::Both;
        let size = Ring::size(heap, capacity, tasks).ok_or_else(too_large)?;
        let fingerprint = Self::fingerprint::<T>();
        let contents = Contents { kind: Kind::Ring, fingerprint, length: 0 };
        let new = heap.allocate(size, contents, Owner::Process(*me), role, *me)?;
        let hold = Hold::new(program, new.hold, new.object);
        let ring = Ring::init(heap, new.object, capacity, tasks, new.zeroed)?;
        Ok(Endpoint::new(hold, ring, role))
    }

    /// Another hold of this process on the same ring.
    pub(crate) fn with_role(&self, role: Role) -> io::Result<Endpoint> {
        let Program { heap, me, .. } = self.program();
        let object = self.hold.object();
        let id = heap.add_hold(object, Owner::Process(*me), role)?;
        Ok(Endpoint::new(Hold::new(self.program(), id, object), self.ring, role))
    }

    pub(crate) fn is_same_ring(&self, other: &Endpoint) -> bool {
        self.hold.object() == other.hold.object()
    }

    #[cfg(test)]
    pub(crate) fn object(&self) -> crate::heap::ObjectId {
        self.hold.object()
    }

    #[inline]
    pub(crate) fn ring(&self) -> &Ring<'static> {
        &self.ring
    }

    #[inline]
    fn program(&self) -> &'static Program {
        self.hold.program()
    }

    fn fingerprint<T: 'static>() -> u64 {
        handle::fingerprint::<Tag, T>((size_of::<T>(), align_of::<T>()))
    }

    pub(crate) fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.ring.share();
        handle::serialize(&self.hold, self.role, serializer)
    }

    pub(crate) fn deserialize<'de, T: 'static, D: Deserializer<'de>>(
        role: Role,
        deserializer: D,
    ) -> Result<Endpoint, D::Error> {
        let hold = handle::deserialize(Self::fingerprint::<T>(), role, deserializer)?;
        let heap = &hold.program().heap;
        let ring = Ring::view(heap, hold.object()).map_err(serde::de::Error::custom)?;
        Ok(Endpoint::new(hold, ring, role))
    }

    /// Sends `value`.
    #[inline]
    pub(crate) fn send<T: Serialize>(
        &self,
        value: T,
        patience: Patience,
    ) -> Result<(), SendError<T>> {
        self.send_with(value, |encoder, value| encoder.put(value), patience)
    }

    /// Sends what `write` makes of `value`.
    #[inline]
    pub(crate) fn send_with<T>(
        &self,
        value: T,
        write: impl FnOnce(&mut Encoder, &T) -> Result<(), EncodeError>,
        patience: Patience,
    ) -> Result<(), SendError<T>> {
        if self.nobody_receives() {
            return Err(SendError::Disconnected(value));
        }
        let encoded = match Encoded::new(self.program(), |encoder| write(encoder, &value)) {
            Ok(encoded) => encoded,
            Err(error) => return Err(SendError::Encode { value: Some(value), error }),
        };
        if encoded.is_unique() {
            return self.send_unique(value, encoded, patience);
        }
        let inline =
            encoded.in_private().filter(|bytes| encoded.is_plain() && bytes.len() <= INLINE);
        let sent = if let Some(bytes) = inline {
            self.push(Payload::Inline(bytes), patience)
        } else {
            match encoded.into_parcel_in(self.hold.object()) {
                Ok(parcel) => self.push_parcel(parcel, patience),
                Err(TooLarge::Message) => {
                    return Err(SendError::TooLarge { value, limit: message::LARGEST });
                }
                Err(TooLarge::Heap(error)) => {
                    return Err(SendError::Io { value: Some(value), error });
                }
            }
        };
        sent.map_err(|failed| match failed {
            Failed::Disconnected => SendError::Disconnected(value),
            Failed::Full => SendError::Full(value),
            Failed::Timeout => SendError::Timeout(value),
        })
    }

    /// Sends a message with something in it that can have only one owner: the value has to be dropped
    /// before anybody can receive it, and so cannot be given back from then on. While the ring is
    /// full, it still is.
    fn send_unique<T>(
        &self,
        value: T,
        mut encoded: Encoded,
        patience: Patience,
    ) -> Result<(), SendError<T>> {
        match self.wait_for_room(patience) {
            Ok(()) => {}
            Err(Failed::Disconnected) => return Err(SendError::Disconnected(value)),
            Err(Failed::Full) => return Err(SendError::Full(value)),
            Err(Failed::Timeout) => return Err(SendError::Timeout(value)),
        }
        let lost = |error| SendError::Io { value: None, error };
        // The wake that brought this sender here may have been another's, should it not send after all.
        let _pass_on = PassOn(&self.ring);
        if let Err(error) = encoded.take_from(value) {
            return Err(SendError::Encode { value: None, error });
        }
        let inside = self.hold.object();
        let parcel = match encoded.into_parcel_in(inside) {
            Ok(parcel) => parcel,
            Err(TooLarge::Message) => return Err(lost(io::ErrorKind::FileTooLarge.into())),
            Err(TooLarge::Heap(error)) => return Err(lost(error)),
        };
        self.push_parcel(parcel, patience).map_err(|failed| match failed {
            Failed::Disconnected => lost(io::ErrorKind::BrokenPipe.into()),
            // Others were faster and took the room that there was.
            Failed::Full => lost(io::ErrorKind::WouldBlock.into()),
            Failed::Timeout => lost(io::ErrorKind::TimedOut.into()),
        })
    }

    fn wait_for_room(&self, patience: Patience) -> Result<(), Failed> {
        let mut sleeper = Sleeper::new(self.ring.not_full(), patience);
        loop {
            if self.nobody_receives() {
                return Err(Failed::Disconnected);
            }
            if self.ring.has_room() {
                return Ok(());
            }
            if self.nobody_makes_room(patience) {
                return Err(Failed::Disconnected);
            }
            match sleeper.sleep() {
                Slept::TryAgain => {}
                Slept::NotAllowed => return Err(Failed::Full),
                Slept::TimeIsUp => return Err(Failed::Timeout),
            }
        }
    }

    fn push_parcel(&self, parcel: HoldId, patience: Patience) -> Result<(), Failed> {
        let sent = self.push(Payload::Parcel(parcel), patience);
        // Looked at after it was sent: the last receiver released what was there when it went.
        if sent.is_err() || self.hold.roles().1 == 0 {
            let Program { heap, me, .. } = self.program();
            heap.release(parcel, Owner::Object(self.hold.object()), *me);
        }
        sent
    }

    #[inline]
    fn push(&self, payload: Payload<'_>, patience: Patience) -> Result<(), Failed> {
        let me = self.program().me.slot();
        let mut sleeper = Sleeper::new(self.ring.not_full(), patience);
        loop {
            match self.ring.push(me, payload) {
                Push::Done => return Ok(()),
                Push::Closed => return Err(Failed::Disconnected),
                Push::Full if self.nobody_makes_room(patience) => return Err(Failed::Disconnected),
                Push::Full => match sleeper.sleep() {
                    Slept::TryAgain => {}
                    Slept::NotAllowed => return Err(Failed::Full),
                    Slept::TimeIsUp => return Err(Failed::Timeout),
                },
            }
        }
    }

    /// Receives one message.
    #[inline]
    pub(crate) fn recv<T: DeserializeOwned>(&self, patience: Patience) -> Result<T, RecvError> {
        self.recv_with(message::one, patience)
    }

    /// Receives what `read` makes of one message.
    #[inline]
    pub(crate) fn recv_with<V>(
        &self,
        read: impl FnOnce(&mut Decoder<'_>) -> Result<V, DecodeError>,
        patience: Patience,
    ) -> Result<V, RecvError> {
        let Program { heap, me, .. } = self.program();
        let mut buffer = [0; INLINE];
        let mut sleeper = Sleeper::new(self.ring.not_empty(), patience);
        let mut nobody_sends = false;
        let mut task = Task::new(&self.ring, self.role, *me);
        let answer_for = |parcel| heap.set_handler(parcel, *me);
        loop {
            match self.ring.pop(me.slot(), &mut buffer, || task.begin(), answer_for) {
                Pop::Inline(len) => {
                    let value = message::decode_plain(&buffer[..len], read)?;
                    task.leave_to_caller();
                    return Ok(value);
                }
                Pop::Parcel(parcel) => {
                    let value = self.take_over(parcel)?.decode_with(read)?;
                    task.leave_to_caller();
                    return Ok(value);
                }
                // Looked at again after nobody could send any more: now nothing can come.
                Pop::Empty { pending: false } if nobody_sends => {
                    return Err(RecvError::Disconnected);
                }
                Pop::Empty { pending } => {
                    task.call_off();
                    nobody_sends = !pending && self.nobody_sends();
                    if nobody_sends {
                        continue;
                    }
                    match sleeper.sleep() {
                        Slept::TryAgain => {}
                        Slept::NotAllowed => return Err(RecvError::Empty),
                        Slept::TimeIsUp => return Err(RecvError::Timeout),
                    }
                }
            }
        }
    }

    /// The parcel leaves the ring and belongs to this process.
    fn take_over(&self, parcel: HoldId) -> Result<Parcel, DecodeError> {
        let program = self.program();
        let inside = Owner::Object(self.hold.object());
        let (object, _) = program
            .heap
            .move_hold(parcel, inside, Owner::Process(program.me))
            .ok_or_else(|| DecodeError::new("a slot named a message that is not the ring's"))?;
        Ok(Parcel::from_hold(Hold::new(program, parcel, object)))
    }

    /// One of the messages that were got from a queue is dealt with. `false` if there is none such.
    pub(crate) fn finish_task(&self) -> bool {
        self.ring.finish_task(self.program().me)
    }

    /// Waits until every message that was put in before is dealt with; `false` if the time was up first.
    pub(crate) fn wait_for_tasks(&self, deadline: Deadline) -> bool {
        wait::until(self.program(), &AllDone(&self.ring), deadline)
    }

    #[inline]
    fn nobody_receives(&self) -> bool {
        self.ring.is_closed() || self.hold.roles().1 == 0
    }

    /// Whether this is the last handle left of several that could send and receive.
    fn is_alone(&self) -> bool {
        self.role == Role::Both
            && self.ring.was_shared()
            // Acquire pairs with the AcqRel of `drop`.
            && self.clones.load(Ordering::Acquire) == 1
    }

    /// Whether to wait for room would be to wait for ever: as for receiving, see `nobody_sends`.
    fn nobody_makes_room(&self, patience: Patience) -> bool {
        let alone = matches!(patience, Patience::Until(_)) && self.is_alone();
        self.ring.is_closed() || self.hold.roles().1 <= u32::from(alone)
    }

    /// Nobody can send, or nobody but this handle, which is the last one left. A handle that never
    /// was shared is not left by anybody: its threads may still put what they get.
    fn nobody_sends(&self) -> bool {
        self.ring.is_closed() || self.hold.roles().0 <= u32::from(self.is_alone())
    }
}

/// Ready when a receive would not wait.
impl Watched for Endpoint {
    fn signal(&self) -> &Signal {
        self.ring.not_empty()
    }

    fn is_ready(&self) -> io::Result<bool> {
        Ok(match self.ring.peek() {
            Peek::There => true,
            Peek::Pending => false,
            // A message that came meanwhile is as good as the news that none will.
            Peek::Empty => self.nobody_sends(),
        })
    }
}

/// Ready when every message was dealt with.
struct AllDone<'a>(&'a Ring<'static>);

impl Watched for AllDone<'_> {
    fn signal(&self) -> &Signal {
        self.0.done()
    }

    fn is_ready(&self) -> io::Result<bool> {
        Ok(self.0.all_done())
    }
}

/// Has one more sender look for room when dropped.
struct PassOn<'a>(&'a Ring<'static>);

impl Drop for PassOn<'_> {
    fn drop(&mut self) {
        self.0.notify_sender();
    }
}
