//! What a dead process left in a ring.

use std::collections::HashSet;

use super::layout::Ring;
use super::slot::{State, Word};
use crate::heap::{Heap, HoldId, ObjectId, Owner, ProcessId};

/// Empties the slots that `dead` had claimed and releases the parcels that it answered for, then
/// wakes everybody: a wake that the dead one owed, or had taken, is given again. The caller holds
/// the sweep's lock and has proof that `dead` is gone; the others go on working meanwhile.
pub(crate) fn repair(heap: &Heap, object: ObjectId, dead: ProcessId, me: ProcessId) {
    let Ok(ring) = Ring::view(heap, object) else { return };
    let Ok(touched) = ring.touched() else { return };
    let inside = Owner::Object(object);
    let mut named: HashSet<HoldId> = HashSet::new();
    for slot in touched.into_iter().flat_map(|slots| &ring.slots[slots]) {
        let raw = slot.load();
        let seen = Word::unpack(raw);
        let claimed = matches!(seen.state, State::Writing | State::Reading);
        if claimed && seen.owner == dead.slot() {
            if seen.state == State::Reading {
                // It had taken this message out: the message is lost with it, and no other.
                slot.named_parcel().into_iter().for_each(|hold| heap.release(hold, inside, me));
            }
            let ticket = seen.ticket + ring.slots.len() as u64;
            slot.claim(raw, Word::new(ticket, State::Empty, 0));
        } else if matches!(seen.state, State::Full | State::Reading) {
            named.extend(slot.named_parcel());
        }
    }
    // A parcel that the dead one answered for and that no slot names was on its way in or out.
    // Looked up after the slots: a receiver puts its own name on a parcel before it empties the slot.
    for (hold, _) in heap.holds_of(inside) {
        if heap.handler(hold) == Some(dead) && !named.contains(&hold) {
            heap.release(hold, inside, me);
        }
    }
    ring.wake_all();
}
