//! Sleeping until a condition elsewhere in shared memory changes.

use crate::deadline::Deadline;
use crate::futex::{self, Reach, Waited};
use crate::primitive::{AtomicU32, Ordering, fence};

/// Somebody may sleep. The rest of the word is a sequence number.
const SLEEPERS: u32 = 1;
/// One step of the sequence.
const STEP: u32 = 2;

/// A place to sleep at until a condition elsewhere in shared memory changes.
///
/// The condition is the user's own (a word, an index); the event count only makes sure that
/// no change goes unnoticed between looking at it and falling asleep:
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use sync_prims::{Deadline, raw::EventCount};
///
/// static READY: AtomicBool = AtomicBool::new(false);
/// static CHANGED: EventCount = EventCount::new();
///
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         READY.store(true, Ordering::Release); // first the change,
///         CHANGED.notify_one(); // then the notice
///     });
///     while !READY.load(Ordering::Acquire) {
///         let key = CHANGED.listen(); // first listen,
///         if READY.load(Ordering::Acquire) {
///             break; // then look again,
///         }
///         CHANGED.wait(key, Deadline::never()); // and only then sleep
///     }
/// });
/// ```
///
/// # Why no wake-up is lost
///
/// A listener marks the word and then looks at the condition; a notifier changes the condition
/// and then looks at the word. Both have a sequentially consistent fence between the two, so one
/// of them sees the other's step: either the listener sees the change and does not sleep, or the
/// notifier sees the mark, moves the sequence on and wakes. A listener that is not asleep yet by
/// then does not fall asleep, because the word is no longer the one in its key.
///
/// The mark is taken away only together with a step of the sequence and followed by a wake-up of
/// *everybody*: whoever fell asleep in between, under the mark that goes away, is woken and
/// listens anew. So a sleeper is always one whose mark still stands, or whose wake-up is due.
///
/// # Process death
///
/// A sleeper that dies leaves at most a mark, which costs the next notifier a system call.
/// A sleeper that dies just after it was woken by `notify_one` has swallowed that wake-up, and a
/// notifier that dies between its change and its last step leaves its sleepers asleep: whoever
/// learns of a death calls [`notify_after_death`](Self::notify_after_death) on the event counts
/// that the dead process used.
///
/// All-zero bytes are a new event count.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct EventCount(AtomicU32);

/// What a listener has seen, to be handed to [`EventCount::wait`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a key is for waiting with"]
pub struct Key(u32);

impl Key {
    /// What the word has to be for a sleep to begin.
    pub(crate) fn expected(self) -> u32 {
        self.0
    }
}

impl EventCount {
    /// A new event count without sleepers.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Announces a sleeper. Look at the condition after this, and only then [`wait`](Self::wait).
    #[inline]
    pub fn listen(&self) -> Key {
        let word = self.0.fetch_or(SLEEPERS, Ordering::SeqCst);
        // SeqCst: the mark is set before the caller looks; pairs with the fence in `notify`.
        fence(Ordering::SeqCst);
        Key(word | SLEEPERS)
    }

    /// Sleeps until a notification that came after `key` was made; `false` if the deadline
    /// passed first. It may also return `true` for no reason: look at the condition again.
    pub fn wait(&self, key: Key, deadline: Deadline) -> bool {
        // Acquire pairs with the Release of the step in `notify`.
        while self.0.load(Ordering::Acquire) == key.0 {
            if futex::wait(&self.0, key.0, deadline, Reach::Processes) == Waited::TimedOut {
                return false;
            }
        }
        true
    }

    /// What it says now, for a sleeper whom every [`notify_after_death`](Self::notify_after_death)
    /// wakes, whether it has announced itself or not.
    pub(crate) fn listen_for_deaths(&self) -> Key {
        // Acquire pairs with the Release in `notify_after_death`: a death that is counted shows.
        Key(self.0.load(Ordering::Acquire))
    }

    /// What it is slept on.
    pub(crate) fn word(&self) -> &AtomicU32 {
        &self.0
    }

    /// Wakes one sleeper. To be called after the condition was changed.
    #[inline]
    pub fn notify_one(&self) {
        self.notify(1);
    }

    /// Wakes everybody. To be called after the condition was changed.
    #[inline]
    pub fn notify_all(&self) {
        self.notify(u32::MAX);
    }

    /// Wakes up to `count` sleepers, and tells whether there may have been any. To be called after
    /// the condition was changed.
    #[inline]
    pub fn notify(&self, count: u32) -> bool {
        // SeqCst: the change comes before the look; pairs with the fence in `listen`.
        fence(Ordering::SeqCst);
        self.notify_fenced(count)
    }

    /// As [`notify`](Self::notify), after a change that was a sequentially consistent read-modify-write, or that
    /// such a fence of the caller's came after: one that changes several conditions needs one fence for all.
    #[inline]
    pub fn notify_fenced(&self, count: u32) -> bool {
        let marked = self.may_have_sleepers();
        if marked {
            self.wake(count);
        }
        marked
    }

    /// Whether [`notify_fenced`](Self::notify_fenced) would wake anybody.
    #[inline]
    pub fn may_have_sleepers(&self) -> bool {
        // SeqCst: the change, which was so, too, or its fence comes before the look; pairs with the fence in `listen`.
        self.0.load(Ordering::SeqCst) & SLEEPERS != 0
    }

    /// Whether a sleep with `key` would end at once: there was a notification since it was made.
    pub fn has_passed(&self, key: Key) -> bool {
        // Acquire pairs with the Release of the step in `notify`.
        self.0.load(Ordering::Acquire) != key.0
    }

    /// Whether nobody has ever listened, nor been notified: then no death owes anybody a wake-up. Say
    /// so after the change that a listener would look for.
    pub fn is_untouched(&self) -> bool {
        // SeqCst: the change comes before the look; pairs with the fence in `listen`.
        fence(Ordering::SeqCst);
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Wakes everybody, even if nothing says that anybody sleeps: for those whom a dead notifier
    /// or a dead sleeper owed a wake-up.
    #[cold]
    pub fn notify_after_death(&self) {
        // SeqCst pairs with the fence in `listen`, Release with the Acquire in `wait`.
        fence(Ordering::SeqCst);
        self.0.fetch_add(STEP, Ordering::Release);
        futex::wake(&self.0, u32::MAX, Reach::Processes);
    }

    #[cold]
    fn wake(&self, count: u32) {
        // Release pairs with the Acquire in `wait`.
        let word = self.0.fetch_add(STEP, Ordering::Release).wrapping_add(STEP);
        if count < i32::MAX as u32 && futex::wake(&self.0, count, Reach::Processes) >= count {
            // There may be more sleepers.
            return;
        }
        // It seems that nobody is left: take the mark away, with a step and a wake-up for
        // whoever came in between. If the word has changed, somebody else is at it: leave it.
        let unmarked = word.wrapping_add(STEP) & !SLEEPERS;
        // Release pairs with the Acquire in `wait`.
        let result = self.0.compare_exchange(word, unmarked, Ordering::Release, Ordering::Relaxed);
        if result.is_ok() || count >= i32::MAX as u32 {
            futex::wake(&self.0, u32::MAX, Reach::Processes);
        }
    }
}
