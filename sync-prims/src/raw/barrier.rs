//! Parties that wait for each other.

use core::fmt::Debug;

use crate::deadline::Deadline;
use crate::futex::{self, Lower, Reach, Waited};
use crate::primitive::{AtomicBool, AtomicU32, AtomicU64, Ordering, compiler_fence};
use crate::raw::cells::too_many_holders;
use crate::raw::section::Section;
use crate::raw::word::Word;

/// The words of a barrier.
///
/// A *cycle* begins with nobody there and ends by being opened, or broken. Every change is made
/// in the section, and every change takes effect by one store, to `cycle` or to `broken`; how many
/// have arrived is also in the roster, and is counted anew when an owner of the section has died.
#[derive(Debug)]
pub(crate) struct BarrierWords<R: Roster> {
    section: R::Section,
    /// Bits 0..32: the number of the cycle, on which the parties sleep. Bits 32..64: how the last
    /// cycles ended, the latest in bit 32: 1 for opened. So a party that is slow to wake up still
    /// learns how its own cycle ended.
    cycle: AtomicU64,
    arrived: AtomicU32,
    broken: AtomicBool,
    parties: u32,
    roster: R,
}

const REMEMBERED: u32 = 32;

fn number(cycle: u64) -> u32 {
    cycle as u32
}

/// Who has arrived.
pub trait Roster: Debug + Send + Sync + 'static + Sized {
    /// Nobody.
    const NEW: Self;
    /// Between which parties the barrier stands.
    const REACH: Reach;
    /// The lock that goes with it.
    type Section: Section;

    /// In the section: notes a party; `false` if there is no room for its process.
    fn arrive(&self, cycle: u32) -> bool;
    /// In the section: forgets everybody.
    fn clear(&self);
    /// In the section: how many have arrived, if that is noted.
    fn count(&self, cycle: u32) -> Option<u32>;
    /// Whether a party of this cycle is dead.
    fn lost_one(&self, cycle: u32) -> bool;
    /// How the parties hear of a death among them.
    type Deaths;
    /// The same, at this barrier.
    fn deaths(&self) -> Self::Deaths;
    /// Sleeps while `*word == expected`, and `lost` says of nobody that it has died.
    fn wait_on(
        deaths: &Self::Deaths,
        word: &Lower<'_>,
        expected: u32,
        deadline: Deadline,
        lost: impl FnOnce() -> bool,
    ) -> Slept;
}

/// How a party's sleep ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Slept {
    /// Something may have happened.
    Well,
    /// The time may be over.
    TimedOut,
    /// Another party has died.
    AnotherDied,
}

/// How waiting at a barrier ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// The barrier opened; this was the party with that index.
    Open(u32),
    Broken,
}

enum Arrival {
    Last(u32),
    Waits { index: u32, cycle: u32 },
    Broken,
    NoRoom,
}

impl<R: Roster> BarrierWords<R> {
    pub(crate) const fn new(parties: u32) -> Self {
        Self {
            section: R::Section::NEW,
            cycle: AtomicU64::new(0),
            arrived: AtomicU32::new(0),
            broken: AtomicBool::new(false),
            parties,
            roster: R::NEW,
        }
    }

    pub(crate) fn parties(&self) -> u32 {
        self.parties
    }

    pub(crate) fn arrived(&self) -> u32 {
        self.arrived.load(Ordering::Relaxed)
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    pub(crate) fn wait(&self, deadline: Deadline) -> Passage {
        match self.arrive() {
            Arrival::Last(index) => {
                self.wake_all();
                Passage::Open(index)
            }
            Arrival::Waits { index, cycle } => self.sleep(index, cycle, deadline),
            Arrival::Broken => Passage::Broken,
            Arrival::NoRoom => too_many_holders(),
        }
    }

    pub(crate) fn abort(&self) {
        self.in_section(|| {
            self.broken.store(true, Ordering::Relaxed);
            self.end_cycle(false);
        });
        self.wake_all();
    }

    pub(crate) fn reset(&self) {
        self.in_section(|| {
            if self.arrived() > 0 || self.is_broken() {
                // First the parties of this cycle, and then it is as new.
                self.end_cycle(false);
                self.broken.store(false, Ordering::Relaxed);
            }
        });
        self.wake_all();
    }

    fn in_section<T>(&self, body: impl FnOnce() -> T) -> T {
        let repair = || {
            let cycle = number(self.cycle.load(Ordering::Relaxed));
            if let Some(arrived) = self.roster.count(cycle) {
                self.arrived.store(arrived, Ordering::Relaxed);
            }
        };
        self.section.run(repair, body)
    }

    fn arrive(&self) -> Arrival {
        self.in_section(|| {
            if self.is_broken() {
                return Arrival::Broken;
            }
            let cycle = number(self.cycle.load(Ordering::Relaxed));
            if !self.roster.arrive(cycle) {
                return Arrival::NoRoom;
            }
            let index = self.arrived();
            if index + 1 >= self.parties {
                self.end_cycle(true);
                return Arrival::Last(index);
            }
            self.arrived.store(index + 1, Ordering::Relaxed);
            Arrival::Waits { index, cycle }
        })
    }

    /// In the section.
    fn end_cycle(&self, opened: bool) {
        let old = self.cycle.load(Ordering::Relaxed);
        let history = (old >> 32) << 1 | u64::from(opened);
        let new = history << 32 | u64::from(number(old).wrapping_add(1));
        // Release pairs with the Acquire in `ended`: what the parties did before they came.
        self.cycle.store(new, Ordering::Release);
        // The roster is needed until then, whichever instruction this thread dies at. SeqCst: pairs
        // with the repair of the next one in the section.
        compiler_fence(Ordering::SeqCst);
        self.arrived.store(0, Ordering::Relaxed);
        self.roster.clear();
    }

    fn wake_all(&self) {
        futex::wake(&Lower(&self.cycle), u32::MAX, R::REACH);
    }

    /// How a cycle ended, if it has.
    fn ended(&self, cycle: u32, index: u32) -> Option<Passage> {
        let now = self.cycle.load(Ordering::Acquire);
        let ago = number(now).wrapping_sub(cycle);
        if ago == 0 {
            return None;
        }
        // Whoever comes too late to find out is told the worse.
        let opened = ago <= REMEMBERED && now >> (32 + ago - 1) & 1 == 1;
        Some(if opened { Passage::Open(index) } else { Passage::Broken })
    }

    fn sleep(&self, index: u32, cycle: u32, deadline: Deadline) -> Passage {
        let deaths = self.roster.deaths();
        loop {
            if let Some(passage) = self.ended(cycle, index) {
                return passage;
            }
            // `broken` in a cycle that has not ended: whoever broke it died over it.
            let lost = || self.is_broken() || self.roster.lost_one(cycle);
            match R::wait_on(&deaths, &Lower(&self.cycle), cycle, deadline, lost) {
                Slept::Well => {}
                Slept::TimedOut if !deadline.passed() => {}
                Slept::TimedOut | Slept::AnotherDied => return self.break_cycle(cycle, index),
            }
        }
    }

    #[cold]
    fn break_cycle(&self, cycle: u32, index: u32) -> Passage {
        let ended = self.in_section(|| {
            let ended = self.ended(cycle, index);
            if ended.is_none() {
                self.broken.store(true, Ordering::Relaxed);
                self.end_cycle(false);
            }
            ended
        });
        self.wake_all();
        ended.unwrap_or(Passage::Broken)
    }
}

/// In the thread scope nothing is written down: threads do not die.
#[derive(Debug)]
pub struct Threads;

impl Roster for Threads {
    const NEW: Self = Self;
    const REACH: Reach = Reach::Threads;
    type Section = Word;

    fn arrive(&self, _cycle: u32) -> bool {
        true
    }

    fn clear(&self) {}

    fn count(&self, _cycle: u32) -> Option<u32> {
        None
    }

    fn lost_one(&self, _cycle: u32) -> bool {
        false
    }

    type Deaths = ();

    fn deaths(&self) {}

    fn wait_on(
        (): &(),
        word: &Lower<'_>,
        expected: u32,
        deadline: Deadline,
        _lost: impl FnOnce() -> bool,
    ) -> Slept {
        match futex::wait(word, expected, deadline, Reach::Threads) {
            Waited::TimedOut => Slept::TimedOut,
            Waited::Again => Slept::Well,
        }
    }
}
