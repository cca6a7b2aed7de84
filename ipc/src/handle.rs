//! Handles: what a process keeps of an object, and how a handle becomes part of a message.
#![expect(unsafe_code, reason = "a hold that moves into a message is not dropped")]

use std::any::TypeId;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::heap::{HoldId, Kind, ObjectId, Owner, Role};
use crate::message;
use crate::program::Program;

/// This process's hold on an object, released when dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    id: HoldId,
    object: ObjectId,
}

impl Hold {
    /// A hold that this process has already, in the program that it is in.
    pub(crate) fn new(_: &'static Program, id: HoldId, object: ObjectId) -> Hold {
        Hold { id, object }
    }

    /// Asked for anew each time: in a child of a fork that has joined, this is the child's.
    #[inline]
    pub(crate) fn program(&self) -> &'static Program {
        Program::of_holds()
    }

    #[inline]
    pub(crate) fn object(&self) -> ObjectId {
        self.object
    }

    pub(crate) fn id(&self) -> HoldId {
        self.id
    }

    /// Holds on the object that may send, and that may receive.
    #[inline]
    pub(crate) fn roles(&self) -> (u32, u32) {
        self.program().heap.roles(self.object)
    }

    /// Whether this process holds a lock in the object by a guard that nobody has any more. Asked when
    /// nobody has a reference to it.
    pub(crate) fn is_locked(&self) -> bool {
        self.program().heap.guard_held_in(self.object)
    }

    /// Whether nobody else, no message either, has a hold on the object. If so, it stays so until this
    /// process makes another.
    pub(crate) fn is_only_one(&self) -> bool {
        self.program().heap.hold_count(self.object) == 1
    }

    /// Lets go of the hold without releasing it: somebody else has it now.
    pub(crate) fn forget(self) {
        std::mem::forget(self);
    }
}

/// What a process keeps of objects that it has no handle to by which a lock in them is held, a hold for each. Of
/// most there is another handle, by which the guard came. Without that, the guard was forgotten, and keeps its lock
/// linked into this process's list of held locks: the memory must not become something else while the process
/// lives. The sweep frees it.
///
/// Part of the membership, so that the copy of a forked process has a lock of its own.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Vec<(ObjectId, HoldId)>>);

impl Kept {
    /// What is to be released with the handle.
    fn without(&self, hold: &Hold) -> [Option<HoldId>; 2] {
        // Also while we look whether there is a guard: whoever drops that, and its handle after it, looks here later.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_this = kept.iter().position(|(object, _)| *object == hold.object);
        match (of_this, hold.is_locked()) {
            (None, true) => {
                kept.push((hold.object, hold.id));
                [None, None]
            }
            // The one that is kept will do; or none needs to be any more.
            (Some(_), true) | (None, false) => [Some(hold.id), None],
            (Some(place), false) => [Some(hold.id), Some(kept.swap_remove(place).1)],
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // The child of a plain fork has copies of its parent's handles; they are not its to release.
        if Program::current().is_err() {
            return;
        }
        let Program { heap, me, kept, .. } = self.program();
        // A message or a ring has no lock that a guard could be of.
        let going = match heap.kind(self.object) {
            Kind::Value => kept.without(self),
            _ => [Some(self.id), None],
        };
        for hold in going.into_iter().flatten() {
            heap.release(hold, Owner::Process(*me), *me);
        }
    }
}

/// A hold of which there is only one. Dropped along with a value that moves into a message, it goes to
/// the message.
#[derive(Debug)]
pub(crate) struct Unique(ManuallyDrop<Hold>);

impl Unique {
    pub(crate) fn new(hold: Hold) -> Unique {
        Unique(ManuallyDrop::new(hold))
    }

    pub(crate) fn into_hold(self) -> Hold {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is neither used nor dropped after this.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl Deref for Unique {
    type Target = Hold;

    fn deref(&self) -> &Hold {
        &self.0
    }
}

impl Drop for Unique {
    fn drop(&mut self) {
        if !message::leaves(self.0.id) {
            // SAFETY: dropped once, here.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}

/// A handle in a message: the hold that travels with it.
#[derive(Serialize, Deserialize)]
struct Ticket {
    index: u32,
    generation: u32,
}

/// Sends a new hold on `hold`'s object along with the message that is being encoded.
pub(crate) fn serialize<S: Serializer>(
    hold: &Hold,
    role: Role,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match message::send_along(hold.program(), hold.object, role) {
        Some(Ok(HoldId { index, generation })) => {
            Ticket { index, generation }.serialize(serializer)
        }
        Some(Err(error)) => Err(S::Error::custom(message::refuse(error.to_string()))),
        None => Err(S::Error::custom(NO_MESSAGE)),
    }
}

const NO_MESSAGE: &str = "a handle can only travel in a message between processes of its own \
                          program, or as their argument or result";

/// Sends `hold` itself along with the message that is being encoded: there is no other handle to its
/// object, and there will be none. It moves when the value that contains it has been dropped.
pub(crate) fn serialize_unique<S: Serializer>(
    hold: &Unique,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if hold.is_locked() {
        let why = "a guard of a lock in it was forgotten: the lock is held by this process";
        return Err(S::Error::custom(message::refuse(why.to_owned())));
    }
    match message::move_along(hold.id) {
        Some(true) => {
            let HoldId { index, generation } = hold.id;
            Ticket { index, generation }.serialize(serializer)
        }
        Some(false) => {
            let twice = "something that can have only one owner is in the message twice";
            Err(S::Error::custom(message::refuse(twice.to_owned())))
        }
        None => Err(S::Error::custom(NO_MESSAGE)),
    }
}

/// Redeems a handle from the message that is being decoded.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    fingerprint: u64,
    role: Role,
    deserializer: D,
) -> Result<Hold, D::Error> {
    let refuse = |why: &str| D::Error::custom(message::refuse(why.to_owned()));
    let Ticket { index, generation } = Ticket::deserialize(deserializer)?;
    let parcel = message::current_parcel()
        .ok_or_else(|| refuse("these bytes came without the handle they name"))?;
    let program = Program::current().map_err(|error| refuse(&error.to_string()))?;
    let id = HoldId { index, generation };
    let mine = Owner::Process(program.me);
    let (object, sent_as) = program
        .heap
        .move_hold(id, Owner::Object(parcel), mine)
        .ok_or_else(|| refuse("this handle did not come with this message"))?;
    let hold = Hold::new(program, id, object);
    if program.heap.fingerprint(object) == fingerprint && sent_as == role {
        Ok(hold)
    } else {
        Err(refuse("this handle is to something of another type"))
    }
}

/// Tells types apart, within one build: what is in an object and what a handle says must agree.
pub(crate) fn fingerprint<Tag: 'static, T: ?Sized + 'static>(layout: (usize, usize)) -> u64 {
    let mut hasher = DefaultHasher::new();
    (TypeId::of::<Tag>(), TypeId::of::<T>(), layout).hash(&mut hasher);
    hasher.finish()
}
