//! Who holds how much of something: one counted cell per process.

use core::fmt;

use crate::deadline::Deadline;
use crate::primitive::{AtomicU64, Ordering};
use crate::raw::{identity, registry};
use core::time::Duration;

/// How many processes may hold permits of one semaphore, read one lock, or wait at one barrier at
/// the same time. The next one panics.
pub const MAX_HOLDERS: usize = 256;

/// The process of whoever uses a primitive in memory that is not registered. Nobody can tell when
/// such a holder is gone, so they may well share a cell.
pub(crate) const UNREGISTERED: u32 = u32::MAX;

/// `process << 32 | what the user of the cells counts`. A process keeps its cell while nobody else
/// wants it, also when it counts nothing there.
pub(crate) struct Cells([AtomicU64; MAX_HOLDERS]);

/// The process that a cell belongs to; 0 for none.
pub(crate) fn process_of(cell: u64) -> u32 {
    (cell >> 32) as u32
}

/// The rest of a cell.
pub(crate) fn count_of(cell: u64) -> u32 {
    cell as u32
}

/// A cell of `process`.
pub(crate) fn cell(process: u32, count: u32) -> u64 {
    u64::from(process) << 32 | u64::from(count)
}

impl Cells {
    #[expect(clippy::declare_interior_mutable_const, reason = "an initialiser")]
    pub(crate) const NEW: Self = Self([const { AtomicU64::new(0) }; MAX_HOLDERS]);

    /// This process, as the cells know it.
    #[inline]
    pub(crate) fn me(&self) -> u32 {
        let address = core::ptr::from_ref(self).addr();
        match identity::process_of(identity::with(|me| me.place(address)).token) {
            0 => UNREGISTERED,
            process => process,
        }
    }

    /// The cell that `process` has unless another process was there before it.
    #[inline]
    pub(crate) fn home(&self, process: u32) -> &AtomicU64 {
        &self.0[process as usize % MAX_HOLDERS]
    }

    /// The index of the cell of `process`, or of one that it may have because `free` says so of
    /// its content.
    #[inline]
    pub(crate) fn find(&self, process: u32, free: impl Fn(u64) -> bool) -> Option<usize> {
        let home = process as usize % MAX_HOLDERS;
        if process_of(self.0[home].load(Ordering::Relaxed)) == process {
            return Some(home);
        }
        self.search(home, process, free)
    }

    #[cold]
    fn search(&self, home: usize, process: u32, free: impl Fn(u64) -> bool) -> Option<usize> {
        let content = |index: &usize| self.0[*index].load(Ordering::Relaxed);
        let mut in_turn = (home..MAX_HOLDERS).chain(0..home);
        let theirs = in_turn.clone().find(|index| process_of(content(index)) == process);
        theirs.or_else(|| in_turn.find(|index| free(content(index))))
    }

    /// The cell with that index.
    #[inline]
    pub(crate) fn at(&self, index: usize) -> &AtomicU64 {
        &self.0[index]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &AtomicU64> {
        self.0.iter()
    }

    /// The cells whose process is gone, among those that `counts` for something.
    pub(crate) fn of_the_dead(
        &self,
        counts: impl Fn(u64) -> bool,
    ) -> impl Iterator<Item = (&AtomicU64, u64)> {
        let me = self.me();
        let witness = match me {
            UNREGISTERED => None,
            _ => registry::witness(core::ptr::from_ref(self).addr()),
        };
        let now = Deadline::after(Duration::ZERO);
        self.0.iter().filter_map(move |cell| {
            let witness = witness.as_ref()?;
            // Acquire pairs with the Release with which a reader leaves its cell.
            let seen = cell.load(Ordering::Acquire);
            let process = process_of(seen);
            let other = process != 0 && process != me && process != UNREGISTERED;
            (other && counts(seen) && witness.wait_gone(process, now)).then_some((cell, seen))
        })
    }
}

impl fmt::Debug for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.0.iter().map(|cell| cell.load(Ordering::Relaxed)).filter(|&cell| cell != 0);
        f.debug_map().entries(used.map(|cell| (process_of(cell), count_of(cell)))).finish()
    }
}

#[cold]
pub(crate) fn too_many_holders() -> ! {
    panic!("{MAX_HOLDERS} processes hold this primitive, and it has room for no more");
}
