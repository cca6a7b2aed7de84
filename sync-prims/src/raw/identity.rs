//! Who the calling thread is: to the kernel, to the lock, and to whoever unmaps memory.
#![expect(unsafe_code, reason = "the thread's list is reached by pointer")]

use core::cell::Cell;
use core::ptr;
use std::io;

use crate::futex::{self, robust};
use crate::primitive::{AtomicU32, Ordering};
use crate::raw::held::{self, Record};
use crate::raw::registry::{self, Stretch};

/// What a thread knows about itself. Everything is a copy of something slower to ask for, and
/// valid as long as the registry's epoch is the one in `epoch`.
#[derive(Debug)]
pub(crate) struct Me {
    epoch: Cell<usize>,
    /// The stretch of addresses that was last asked for.
    start: Cell<usize>,
    length: Cell<usize>,
    /// The owner token in that stretch; 0 where locks are not linked.
    token: Cell<u64>,
    /// The stretch before that.
    other: Cell<Stretch>,
    head: Cell<*const robust::Head>,
    record: Cell<*const Record>,
    /// How many bare mutexes are linked.
    bare: Cell<u32>,
    thread: Cell<u32>,
    pid: Cell<u32>,
    /// This thread's number within the process; never reused, 0 = none yet.
    number: Cell<u32>,
    /// The owner token outside of the registered ranges; 0 = none yet.
    stray: Cell<u64>,
}

const NOWHERE: Stretch = Stretch { start: 0, length: 0, process: 0 };

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "it is; clippy errs for Windows")]
    static ME: Me = const {
        Me {
            epoch: Cell::new(0),
            start: Cell::new(0),
            length: Cell::new(0),
            token: Cell::new(0),
            other: Cell::new(NOWHERE),
            head: Cell::new(ptr::null()),
            record: Cell::new(ptr::null()),
            bare: Cell::new(0),
            thread: Cell::new(NOBODY),
            pid: Cell::new(0),
            number: Cell::new(0),
            stray: Cell::new(0),
        }
    };
    /// Apart from `ME`, which has to work to the thread's very end.
    #[allow(clippy::missing_const_for_thread_local, reason = "it is; clippy errs for Windows")]
    static AT_EXIT: AtExit = const { AtExit };
}

struct AtExit;

impl Drop for AtExit {
    fn drop(&mut self) {
        ME.with(|me| {
            // A guard that is still there may be dropped by a later destructor, or never.
            if me.record().is_some_and(Record::leave) {
                // Locks that later destructors take go into a record of their own, for good.
                me.record.set(ptr::null());
            }
        });
    }
}

/// What a lock at some address is to the calling thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The token of the calling thread as an owner there; 0 where locks are not linked.
    pub(crate) token: u64,
}

/// Runs `f` with what the calling thread knows about itself.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Me) -> R) -> R {
    known(|me| {
        if me.epoch.get() != registry::epoch() {
            me.refresh();
        }
        f(me)
    })
}

/// Runs `f` with what a thread knows about itself that has been in [`with`] before, for the sake of
/// what it still holds. In a forked child that is nothing: it is then [`NOBODY`].
#[inline]
pub(crate) fn known<R>(f: impl FnOnce(&Me) -> R) -> R {
    // Not `ME.with(f)`: that is not inlined with all that the locks do in there.
    let me = ME.with(ptr::from_ref);
    // SAFETY: `ME` has no destructor, so it stays until the thread ends, which `f` runs on.
    f(unsafe { &*me })
}

/// The number of a thread that has not asked for its own; no lock word can hold it.
const NOBODY: u32 = u32::MAX;

/// Where the system marks no words, a process is asked after by a number below this. One with a
/// higher number, and one that takes no part or has not registered the memory, has its threads in
/// the words, with this bit, and nobody asks whether it is gone.
pub(crate) const STRAY: u32 = 1 << 29;

/// The process that a token names; 0 for none.
pub(crate) fn process_of(token: u64) -> u32 {
    (token >> 32) as u32
}

impl Me {
    /// What a lock at `address` is to this thread.
    #[inline]
    pub(crate) fn place(&self, address: usize) -> Place {
        if address.wrapping_sub(self.start.get()) < self.length.get() {
            Place { token: self.token.get() }
        } else {
            self.find(address)
        }
    }

    /// What the lock words at `address` hold while this thread owns them: its own number, or its
    /// process's where the system marks no words.
    #[inline]
    pub(crate) fn owner(&self, address: usize) -> u32 {
        if robust::MARKS { self.thread.get() } else { self.owner_to_ask_for(address) }
    }

    fn owner_to_ask_for(&self, address: usize) -> u32 {
        match (self.thread.get(), process_of(self.place(address).token)) {
            (NOBODY, _) => NOBODY,
            (_, process @ 1..STRAY) => process,
            (thread, _) => STRAY | (thread & (STRAY - 1)),
        }
    }

    /// The number of this process, for people to read.
    #[inline]
    pub(crate) fn pid(&self) -> u32 {
        self.pid.get()
    }

    /// An owner token for memory that is not registered, where no witness numbers the processes.
    pub(crate) fn stray_token(&self) -> u64 {
        if self.stray.get() == 0 {
            self.stray.set(futex::random() | 1);
        }
        self.stray.get()
    }

    /// This thread's number among all that this process has had.
    pub(crate) fn number(&self) -> u32 {
        self.number.get()
    }

    /// The robust list of this thread, if it can be used.
    #[inline]
    pub(crate) fn head(&self) -> Option<&robust::Head> {
        // SAFETY: null, or this thread's own list, which lives as long as the thread.
        unsafe { self.head.get().as_ref() }
    }

    #[inline]
    fn record(&self) -> Option<&'static Record> {
        // SAFETY: null, or a record, which are leaked.
        unsafe { self.record.get().as_ref() }
    }

    /// Counts a bare mutex that is about to be linked.
    ///
    /// # Panics
    ///
    /// If this thread holds as many as the system can look after.
    #[inline]
    pub(crate) fn count_one(&self) {
        let bare = self.bare.get();
        if bare >= robust::MAX_BARE {
            held::too_many();
        }
        self.bare.set(bare + 1);
    }

    /// Undoes [`count_one`](Self::count_one).
    #[inline]
    pub(crate) fn count_off(&self) {
        self.bare.set(self.bare.get().wrapping_sub(1));
    }

    /// Where to note the locks that this thread links, for `guard_held_in`. To be asked for before
    /// anything is on record with the kernel: the first time, this allocates.
    #[inline]
    pub(crate) fn notes(&self) -> &'static Record {
        match self.record() {
            Some(record) => record,
            None => self.first_record(),
        }
    }

    /// Strikes out a lock that has been unlinked.
    #[inline]
    pub(crate) fn strike(&self, address: usize) {
        if let Some(record) = self.record() {
            record.remove(address);
        }
    }

    #[cold]
    fn first_record(&self) -> &'static Record {
        let record = Record::claim();
        self.record.set(record);
        // Where the thread is past its destructors the record is lost, and stays in use.
        let _ = AT_EXIT.try_with(|_| {});
        record
    }

    #[cold]
    fn find(&self, address: usize) -> Place {
        let last = Stretch {
            start: self.start.get(),
            length: self.length.get(),
            process: process_of(self.token.get()),
        };
        let other = self.other.replace(last);
        let found = if address.wrapping_sub(other.start) < other.length {
            other
        } else {
            registry::look_up(address)
        };
        let token = match found.process {
            0 => 0,
            process => u64::from(process) << 32 | u64::from(self.number.get()),
        };
        self.start.set(found.start);
        self.length.set(found.length);
        self.token.set(token);
        Place { token }
    }

    #[cold]
    fn refresh(&self) {
        static NUMBERS: AtomicU32 = AtomicU32::new(1);
        watch_for_forks();
        let epoch = registry::epoch();
        self.length.set(0);
        self.other.set(NOWHERE);
        if self.thread.get() == NOBODY {
            self.thread.set(futex::thread_id());
            self.pid.set(std::process::id());
            let head = robust::Head::current(self.head.get());
            self.head.set(head.map_or(ptr::null(), ptr::from_ref));
            let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
            assert!(number != 0, "this process has had more threads than it can number");
            self.number.set(number);
        }
        self.epoch.set(epoch);
    }
}

/// Has the registry told about forks, once; when this returns, it is.
fn watch_for_forks() {
    const NO: u32 = 0;
    const YES: u32 = u32::MAX;
    // Otherwise: the process that is at it, which is the parent if a fork came in between.
    static WATCHING: AtomicU32 = AtomicU32::new(NO);
    let pid = std::process::id();
    loop {
        // Acquire pairs with the Release of `YES`.
        let now = WATCHING.load(Ordering::Acquire);
        if now == YES {
            return;
        }
        if now != pid
            && WATCHING.compare_exchange(now, pid, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            futex::on_fork(
                registry::before_fork,
                registry::parent_after_fork,
                registry::child_after_fork,
            );
            // Release pairs with the Acquire above.
            WATCHING.store(YES, Ordering::Release);
            return;
        }
        std::thread::yield_now();
    }
}

/// Whether what the calling thread knows about itself is another's, whose copy it is.
pub(crate) fn is_a_parents() -> bool {
    known(|me| ![NOBODY, futex::thread_id()].contains(&me.thread.get()))
}

/// In a forked child, on its only thread.
pub(crate) fn forget_parent() {
    ME.with(|me| {
        // The child's thread has a list of its own, to be asked for again; what the record
        // lists and the counter counts is the parent's.
        me.thread.set(NOBODY);
        me.stray.set(0);
        me.bare.set(0);
        held::forget_all(me.record());
    });
}

pub(crate) fn check_supported() -> io::Result<()> {
    with(|me| if me.head().is_some() { Ok(()) } else { Err(registry::unsupported()) })
}
