//! What is done once for every process that is gone, however it ended.

use super::life::Teller;
use crate::heap::{Heap, Kind, Owner, ProcessId, State};
use crate::ring;

/// Releases everything that `dead` held, repairs the rings it was working on and frees its place.
/// The caller has proof that it is gone, or that it was reserved and never will come. Sweeping
/// twice is the same as once. A death in here leaves work that the next sweep goes on with.
pub(crate) fn sweep(heap: &Heap, me: ProcessId, dead: ProcessId) {
    let _teller = Teller::new();
    // One at a time: a place that another sweep has just freed may be a living process's by now,
    // and a ring's slots name only the place.
    let _one = heap.lock_sweep();
    if heap.process(dead).is_none() {
        // None has children after its own sweep, but in a damaged table.
        heap.hand_on_children(dead);
        return;
    }
    for child in heap.processes().iter().filter(|entry| entry.parent == Some(dead)) {
        // A child that was kept a place and has not taken it finds it gone and gives up.
        if child.state == State::Reserved {
            release_all(heap, me, child.id);
        }
    }
    heap.hand_on_children(dead);
    release_all(heap, me, dead);
    // Whoever dies before this is swept in turn, and tells of both.
    heap.ring_all_bells();
    heap.deaths().notify_after_death();
}

fn release_all(heap: &Heap, me: ProcessId, process: ProcessId) {
    let owner = Owner::Process(process);
    while !heap.vacate(process) {
        for (hold, object) in heap.holds_of(owner) {
            if heap.kind(object) == Kind::Ring {
                ring::repair(heap, object, process, me);
            }
            heap.release(hold, owner, me);
        }
    }
}
