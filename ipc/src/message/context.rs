//! What a thread is encoding or decoding: serde has no room for it.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::thread::LocalKey;

use crate::heap::{HoldId, ObjectId, Owner, Role};
use crate::program::Program;

/// The handles of a message that is being encoded, or is on its way out.
#[derive(Debug, Default)]
pub(super) struct Handles {
    /// New holds of this process, one for each handle in the value.
    pub(super) holds: Vec<HoldId>,
    /// Holds of the value's own, of things that there is only one handle to. They become the message's
    /// when the value has been dropped.
    pub(super) unique: Vec<HoldId>,
}

/// Most messages have none, and are to be handed on at no cost.
pub(super) type Luggage = Option<Box<Handles>>;

impl Drop for Handles {
    /// The message will not be.
    fn drop(&mut self) {
        if let Ok(Program { heap, me, .. }) = Program::current() {
            self.holds.drain(..).for_each(|hold| heap.release(hold, Owner::Process(*me), *me));
        }
    }
}

/// What a thread has to the last: it may send from the destructor of another thread-local. Whoever puts
/// something in takes it out again.
pub(super) type Kept<T> = RefCell<ManuallyDrop<T>>;

thread_local! {
    /// The message that this thread is encoding: handles put their holds here.
    pub(super) static ENCODING: Kept<Option<Luggage>> = const { Kept::new(ManuallyDrop::new(None)) };
    /// The parcel that this thread is decoding: handles redeem their holds from it.
    pub(super) static DECODING: Kept<Option<ObjectId>> = const { Kept::new(ManuallyDrop::new(None)) };
    /// Why a handle was refused: postcard's errors have no room for it.
    static REFUSAL: Kept<Option<String>> = const { Kept::new(ManuallyDrop::new(None)) };
}

/// Puts a value into a thread's place for as long as a call lasts; calls nest (a value's own serde
/// code may send a message) and may panic.
pub(super) struct Within<T: 'static> {
    place: &'static LocalKey<Kept<Option<T>>>,
    outer: Option<T>,
}

impl<T> Within<T> {
    #[inline]
    pub(super) fn enter(place: &'static LocalKey<Kept<Option<T>>>, value: T) -> Within<T> {
        let outer = place.with_borrow_mut(|current| current.replace(value));
        Within { place, outer }
    }

    #[inline]
    pub(super) fn take(&self) -> Option<T> {
        self.place.with_borrow_mut(|current| current.take())
    }
}

impl<T> Drop for Within<T> {
    #[inline]
    fn drop(&mut self) {
        let outer = self.outer.take();
        // Dropped after the place is free again: it may have something to do there.
        drop(self.place.with_borrow_mut(|current| std::mem::replace(&mut **current, outer)));
    }
}

/// Adds a hold on `object` to the message that this thread is encoding. `None` if it encodes none.
pub(crate) fn send_along(
    program: &'static Program,
    object: ObjectId,
    role: Role,
) -> Option<std::io::Result<HoldId>> {
    ENCODING.with_borrow_mut(|current| {
        let luggage = current.as_mut()?;
        let hold = program.heap.add_hold(object, Owner::Process(program.me), role);
        Some(hold.inspect(|hold| luggage.get_or_insert_default().holds.push(*hold)))
    })
}

/// Puts a hold that nobody else has into the message that this thread is encoding. `None` if it
/// encodes none, `false` if the hold is in the message already.
pub(crate) fn move_along(hold: HoldId) -> Option<bool> {
    ENCODING.with_borrow_mut(|current| {
        let unique = &mut current.as_mut()?.get_or_insert_default().unique;
        let first = !unique.contains(&hold);
        if first {
            unique.push(hold);
        }
        Some(first)
    })
}

/// Keeps the reason why a handle is refused, for the error of the message.
pub(crate) fn refuse(why: String) -> String {
    REFUSAL.with_borrow_mut(|refusal| refusal.replace(why.clone()));
    why
}

/// The parcel that this thread is decoding.
pub(crate) fn current_parcel() -> Option<ObjectId> {
    DECODING.with_borrow(|current| **current)
}

/// The reason of the last refusal.
#[inline]
pub(super) fn take_refusal() -> Option<String> {
    REFUSAL.with_borrow_mut(|refusal| refusal.take())
}
