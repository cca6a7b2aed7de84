//! The roster of a barrier between processes.

use crate::deadline::Deadline;
use crate::futex::{Lower, Reach, Waited};
use crate::primitive::Ordering;
use crate::raw::barrier::{Roster, Slept};
use crate::raw::cells::{Cells, cell, count_of, process_of};
use crate::raw::deaths::Deaths;
use crate::raw::section::RobustSection;

/// How many parties of each process have arrived: cells that count `cycle (16 bits) | parties`. What bears
/// the number of another cycle was left by one that died while it cleared them, and is free.
#[derive(Debug)]
pub struct Processes {
    cells: Cells,
}

const TAG: u32 = 16;

fn of_cycle(cell: u64, cycle: u32) -> bool {
    count_of(cell) & 0xFFFF != 0 && count_of(cell) >> TAG == cycle & 0xFFFF
}

impl Roster for Processes {
    const NEW: Self = Self { cells: Cells::NEW };
    const REACH: Reach = Reach::Processes;
    type Section = RobustSection;

    fn arrive(&self, cycle: u32) -> bool {
        let me = self.cells.me();
        let Some(index) = self.cells.find(me, |cell| !of_cycle(cell, cycle)) else { return false };
        let mine = self.cells.at(index);
        let seen = mine.load(Ordering::Relaxed);
        let count = if process_of(seen) == me && of_cycle(seen, cycle) {
            count_of(seen) + 1
        } else {
            (cycle & 0xFFFF) << TAG | 1
        };
        mine.store(cell(me, count), Ordering::Relaxed);
        true
    }

    fn clear(&self) {
        for mine in self.cells.iter() {
            // The process keeps its cell for the next time, unless another one wants it.
            mine.store(cell(process_of(mine.load(Ordering::Relaxed)), 0), Ordering::Relaxed);
        }
    }

    fn count(&self, cycle: u32) -> Option<u32> {
        let cells = self.cells.iter().map(|cell| cell.load(Ordering::Relaxed));
        let arrived = cells.filter(|&cell| of_cycle(cell, cycle));
        Some(arrived.map(|cell| count_of(cell) & 0xFFFF).sum())
    }

    fn lost_one(&self, cycle: u32) -> bool {
        self.cells.of_the_dead(|cell| of_cycle(cell, cycle)).next().is_some()
    }

    type Deaths = Deaths;

    fn deaths(&self) -> Deaths {
        Deaths::around(core::ptr::from_ref(self).addr())
    }

    fn wait_on(
        deaths: &Deaths,
        word: &Lower<'_>,
        expected: u32,
        deadline: Deadline,
        lost: impl FnOnce() -> bool,
    ) -> Slept {
        let heard = deaths.listen();
        if lost() {
            return Slept::AnotherDied;
        }
        match deaths.wait(heard, word, expected, deadline) {
            Waited::TimedOut => Slept::TimedOut,
            Waited::Again => Slept::Well,
        }
    }
}
