//! What the workers meet around, and a shadow of who has what.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::support::arena::Arena;
use sync_prims::Deadline;
use sync_prims::process::{Barrier, Condition, Event, Lock, RLock, RwLock, Semaphore, Witness};

pub const WORKERS: usize = 4;
pub const PERMITS: usize = 2;

/// Two numbers that are equal whenever nobody is at them, and a word that is zero then.
#[derive(Debug, Default)]
pub struct Pair {
    numbers: [u64; 2],
    inside: AtomicU32,
}

#[derive(Debug)]
pub struct Stage {
    pub lock: Lock<Pair>,
    pub rlock: RLock<Cell>,
    pub rwlock: RwLock<Pair>,
    pub event: Event,
    pub condition: Condition,
    pub items: Lock<u64>,
    pub semaphore: Semaphore,
    pub barrier: Barrier,
    places: [Place; WORKERS],
    operations: AtomicU64,
    reported: AtomicU64,
}

/// As [`Pair`], for a lock that gives shared access.
#[derive(Debug, Default)]
pub struct Cell([AtomicU64; 2]);

/// What a worker says of itself.
#[derive(Debug, Default)]
struct Place {
    process: AtomicU32,
    /// `changes << 32 | permits held`, never more than it really has.
    permits: AtomicU64,
}

impl Pair {
    /// Changes both, alone.
    pub fn change(&mut self, me: usize, linger: impl FnOnce()) {
        assert_eq!(self.inside.swap(me as u32 + 1, Ordering::SeqCst), 0, "two are in the section");
        self.numbers[0] += 1;
        linger();
        self.numbers[1] += 1;
        assert_eq!(self.inside.swap(0, Ordering::SeqCst), me as u32 + 1, "two are in the section");
    }

    pub fn check(&self) {
        assert_eq!(self.inside.load(Ordering::SeqCst), 0, "somebody else is in the section");
        assert_eq!(self.numbers[0], self.numbers[1], "half a change is seen");
    }

    /// After a death in the section.
    pub fn mend(&mut self) {
        *self.inside.get_mut() = 0;
        self.numbers[1] = self.numbers[0];
    }
}

impl Cell {
    pub fn change(&self, linger: impl FnOnce()) {
        self.0[0].fetch_add(1, Ordering::Relaxed);
        linger();
        self.0[1].fetch_add(1, Ordering::Relaxed);
    }

    pub fn check(&self) {
        let [one, two] = self.0.each_ref().map(|number| number.load(Ordering::Relaxed));
        assert_eq!(one, two, "half a change is seen");
    }

    pub fn mend(&self) {
        self.0[1].store(self.0[0].load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Stage {
    pub fn new() -> Self {
        Self {
            lock: Lock::default(),
            rlock: RLock::default(),
            rwlock: RwLock::default(),
            event: Event::new(),
            condition: Condition::new(),
            items: Lock::new(0),
            semaphore: Semaphore::new(PERMITS),
            barrier: Barrier::new(2),
            places: Default::default(),
            operations: AtomicU64::new(0),
            reported: AtomicU64::new(0),
        }
    }

    pub fn operations(&self) -> u64 {
        self.operations.load(Ordering::Relaxed)
    }

    pub fn reported(&self) -> u64 {
        self.reported.load(Ordering::Relaxed)
    }

    pub fn count_operation(&self) {
        self.operations.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_report(&self) {
        self.reported.fetch_add(1, Ordering::Relaxed);
    }

    /// The worker that had this place is dead.
    pub fn vacate(&self, index: usize) {
        self.places[index].process.store(0, Ordering::SeqCst);
        self.places[index].permits.store(0, Ordering::SeqCst);
    }

    pub fn enter(&self, index: usize) {
        self.places[index].process.store(std::process::id(), Ordering::SeqCst);
    }

    /// After a permit was taken.
    pub fn note_permit(&self, index: usize) {
        self.places[index].permits.fetch_add((1 << 32) + 1, Ordering::SeqCst);
        self.check_permits();
    }

    /// Before a permit is given back.
    pub fn strike_permit(&self, index: usize) {
        self.places[index].permits.fetch_add((1 << 32) - 1, Ordering::SeqCst);
    }

    /// Looks twice: what is the same both times was so at one moment in between.
    fn check_permits(&self) {
        let look = || {
            self.places.each_ref().map(|place| {
                let process = place.process.load(Ordering::SeqCst);
                (process, place.permits.load(Ordering::SeqCst))
            })
        };
        let seen = look();
        if seen != look() {
            return;
        }
        // Who is alive now was alive then.
        let witness = &Arena::shared().witness;
        let me = std::process::id();
        let now = Deadline::after(Duration::ZERO);
        let held: u64 = seen
            .iter()
            .filter(|(process, permits)| {
                let has_any = *process != 0 && *permits & 0xFFFF_FFFF != 0;
                has_any && (*process == me || !witness.wait_gone(*process, now))
            })
            .map(|(_, permits)| permits & 0xFFFF_FFFF)
            .sum();
        assert!(held <= PERMITS as u64, "{held} permits of {PERMITS} are held: {seen:?}");
    }
}
