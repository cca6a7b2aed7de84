//! What the heap is used for at the moment.

use super::alloc::class_size;
use super::layout::header;
use super::map::Heap;
use super::object::{Fields, Kind, ObjectId, halves, unpack_state};
use super::transaction::Transaction;

/// What the program's shared memory is used for; a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Usage {
    /// Processes of the program, those included that are about to join.
    pub processes: usize,
    /// Values, rings and messages.
    pub objects: usize,
    /// Handles to them, in processes and in messages; clones within one process count once.
    pub holds: usize,
    /// Address space of all those objects, in bytes; memory is used only where they were written to.
    pub bytes: u64,
}

impl Heap {
    pub(crate) fn usage(&self) -> Usage {
        let tx = Transaction::begin(self);
        let used = (tx.read(header::OBJECTS) as u32).min(self.layout.objects);
        let mut usage = Usage::default();
        for index in 1..used {
            let fields = Fields::of(&self.layout, ObjectId(index));
            if tx.read(fields.offset()) == 0 {
                // Never numbered, whatever the header says: to go on would make memory for the table.
                break;
            }
            let (kind, class, _) = unpack_state(tx.read(fields.state()));
            if kind != Kind::Free {
                usage.objects += 1;
                usage.holds += halves(tx.read(fields.holds())).0 as usize;
                usage.bytes += class_size(class);
            }
        }
        drop(tx);
        usage.processes = self.processes().len();
        usage
    }
}
