//! `Event`.

use core::fmt;
use core::time::Duration;

use crate::deadline::Deadline;
use crate::raw::RawEvent;
use crate::scope::Scope;

/// A flag that one party sets and others wait for.
///
/// Use it through its aliases [`thread::Event`](crate::thread::Event) and
/// [`process::Event`](crate::process::Event). What was written before [`set`](Self::set) is seen by
/// whoever a [`wait`](Self::wait) has let through.
///
/// ```
/// use sync_prims::thread::Event;
///
/// let ready = Event::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| ready.set());
///     ready.wait();
/// });
/// assert!(ready.is_set());
/// ready.clear();
/// assert!(!ready.is_set());
/// ```
///
/// # Process death
///
/// Nobody owns an event, so there is nothing to pass on. A process that dies inside
/// [`set`](Self::set), at any instruction, has either not set the event or has set it and woken
/// everybody: the kernel passes the wake-up on. So it does for a waiter that dies.
#[doc(alias = "threading.Event")]
#[doc(alias = "multiprocessing.Event")]
#[repr(transparent)]
pub struct Event<S: Scope> {
    raw: S::Event,
}

impl<S: Scope> Event<S> {
    /// A new event, not set.
    pub const fn new() -> Self {
        Self { raw: <S::Event as RawEvent>::NEW }
    }

    /// Sets the event and wakes everybody who waits for it.
    pub fn set(&self) {
        self.raw.set();
    }

    /// Clears the event: from now on callers wait again.
    pub fn clear(&self) {
        self.raw.clear();
    }

    /// Whether the event is set.
    pub fn is_set(&self) -> bool {
        self.raw.is_set()
    }

    /// Waits until the event is set. A waiter whom a `set` woke returns even if a `clear` follows
    /// at once.
    pub fn wait(&self) {
        self.raw.wait(Deadline::never());
    }

    /// Waits until the event is set, no longer than `timeout`, and says whether it was. A duration
    /// that the clock cannot express is for ever.
    #[must_use = "it may not have been set in time"]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.raw.is_set() || self.raw.wait(Deadline::after(timeout))
    }
}

impl<S: Scope> Default for Event<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Scope> fmt::Debug for Event<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("is_set", &self.is_set()).finish_non_exhaustive()
    }
}
