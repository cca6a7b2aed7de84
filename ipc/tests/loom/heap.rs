//! What rings ask of the heap, in a model.

use loom::sync::Arc;
use sync_prims::raw::EventCount;

use crate::ring::Place;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct HoldId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessId(pub(crate) u32);

impl ProcessId {
    pub(crate) fn slot(self) -> u32 {
        self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Object(ObjectId),
}

/// A heap with a ring that may be repaired, and without parcels.
#[derive(Default)]
pub(crate) struct Heap {
    pub(crate) place: Option<Arc<Place>>,
}

impl Heap {
    pub(crate) fn release(&self, _hold: HoldId, _owner: Owner, _me: ProcessId) {}

    pub(crate) fn holds_of(&self, _owner: Owner) -> Vec<(HoldId, ObjectId)> {
        Vec::new()
    }

    pub(crate) fn handler(&self, _hold: HoldId) -> Option<ProcessId> {
        None
    }
}

/// Without the bells of those who wait for several.
#[derive(Debug, Default)]
pub(crate) struct Signal(EventCount);

impl Signal {
    pub(crate) fn sleepers(&self) -> &EventCount {
        &self.0
    }

    pub(crate) fn notify(&self, _heap: &Heap, count: u32) {
        self.0.notify(count);
    }

    pub(crate) fn notify_fenced(&self, _heap: &Heap, count: u32) {
        self.0.notify_fenced(count);
    }

    pub(crate) fn may_have_sleepers(&self) -> bool {
        self.0.may_have_sleepers()
    }

    pub(crate) fn notify_after_death(&self, _heap: &Heap) {
        self.0.notify_after_death();
    }
}
