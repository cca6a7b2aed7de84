//! `Condition`.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::time::Duration;

use crate::deadline::Deadline;
use crate::error::{LockResult, Poisoned, with_health};
use crate::raw::{Health, RawCondition};
use crate::scope::Scope;

/// Waits until what a lock guards has become so.
///
/// Use it through its aliases [`thread::Condition`](crate::thread::Condition) and
/// [`process::Condition`](crate::process::Condition). It goes with the guard of a
/// [`Lock`](crate::Lock) or of an [`RLock`](crate::RLock): waiting gives the lock up (every level
/// of it), sleeps, and takes it again. Change what the lock guards under the lock, and notify then
/// or after. For a mere flag, an [`Event`](crate::Event) is simpler.
///
/// ```
/// use sync_prims::thread::{Condition, Lock};
///
/// let (queue, filled) = (Lock::new(Vec::new()), Condition::new());
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         queue.lock().unwrap().push(1);
///         filled.notify_one();
///     });
///     let guard = queue.lock().unwrap();
///     let mut guard = filled.wait_while(guard, |queue| queue.is_empty()).unwrap();
///     assert_eq!(guard.pop(), Some(1));
/// });
/// ```
///
/// [`notify`](Self::notify) wakes as many waiters as it is asked to, but look at the condition
/// again all the same ([`wait_while`](Self::wait_while) does): somebody else may have had the lock
/// first, and where others begin to wait while those who were notified have not woken up yet, more may be
/// woken, never fewer.
///
/// # Process death
///
/// A waiter that dies with a notification that it has not acted upon passes it on as soon as
/// that is known. The dead cannot block a notifier. If the lock's owner has died meanwhile, `wait`
/// returns [`Poisoned`] with the guard inside, as locking would have.
///
/// # Panics
///
/// Waiting panics if 65,535 others wait. In the process scope each thread that is killed while it waits is one of them for
/// good, as nobody can tell which they were.
#[doc(alias = "Condvar")]
#[doc(alias = "threading.Condition")]
#[doc(alias = "multiprocessing.Condition")]
#[repr(transparent)]
pub struct Condition<S: Scope> {
    raw: S::Condition,
}

/// Whether a wait ended because its time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was up before there was a notification.
    pub fn timed_out(self) -> bool {
        self.0
    }
}

/// A guard that a [`Condition`] of the same scope can give up and take again: those of
/// [`Lock`](crate::Lock), and of [`RLock`](crate::RLock) if its value may be shared (`T: Sync`;
/// the other levels' guards live on while another thread has the lock).
#[diagnostic::on_unimplemented(
    message = "a condition of scope `{S}` cannot wait with `{Self}`",
    note = "it takes the guard of a `Lock` or `RLock` of the same scope; an `RLock`'s value must \
            be `Sync`"
)]
pub trait ConditionGuard<S: Scope>: Deref + sealed::Relock {}

pub(crate) mod sealed {
    use super::Health;

    pub trait Relock {
        /// Gives the lock up, all levels of it, and says how many they were.
        fn give_up(&self) -> u32;
        /// Takes the lock again, to that level.
        fn take_again(&self, levels: u32) -> Health;
    }
}

impl<S: Scope> Condition<S> {
    /// A new condition.
    pub const fn new() -> Self {
        Self { raw: <S::Condition as RawCondition>::NEW }
    }

    /// Gives the lock up, waits for a notification, and takes the lock again.
    ///
    /// # Errors
    ///
    /// [`Poisoned`], with the guard inside.
    pub fn wait<G: ConditionGuard<S>>(&self, guard: G) -> LockResult<G> {
        self.wait_until(guard, Deadline::never()).0
    }

    /// Waits for as long as `condition` says so; it is asked under the lock, first of all before
    /// any wait.
    ///
    /// # Errors
    ///
    /// [`Poisoned`], with the guard inside; the condition was not asked after that.
    #[doc(alias = "wait_for")]
    pub fn wait_while<G, F>(&self, mut guard: G, mut condition: F) -> LockResult<G>
    where
        G: ConditionGuard<S>,
        F: FnMut(&G::Target) -> bool,
    {
        while condition(&guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As [`wait`](Self::wait), but waits for a notification no longer than `timeout`; taking the
    /// lock again may take longer. A duration that the clock cannot express is for ever.
    ///
    /// # Errors
    ///
    /// [`Poisoned`], with the guard inside.
    pub fn wait_timeout<G: ConditionGuard<S>>(
        &self,
        guard: G,
        timeout: Duration,
    ) -> LockResult<(G, WaitTimeoutResult)> {
        let (result, timed_out) = self.wait_until(guard, Deadline::after(timeout));
        with_outcome(result, timed_out)
    }

    /// As [`wait_while`](Self::wait_while), but waits no longer than `timeout` all in all. Whether
    /// the condition holds in the end, the result says: it did not if the wait timed out.
    ///
    /// # Errors
    ///
    /// [`Poisoned`], with the guard inside; the condition was not asked after that.
    pub fn wait_timeout_while<G, F>(
        &self,
        mut guard: G,
        timeout: Duration,
        mut condition: F,
    ) -> LockResult<(G, WaitTimeoutResult)>
    where
        G: ConditionGuard<S>,
        F: FnMut(&G::Target) -> bool,
    {
        let deadline = Deadline::after(timeout);
        while condition(&guard) {
            if deadline.passed() {
                return Ok((guard, WaitTimeoutResult(true)));
            }
            match self.wait_until(guard, deadline) {
                (Ok(again), _) => guard = again,
                (result, timed_out) => return with_outcome(result, timed_out),
            }
        }
        Ok((guard, WaitTimeoutResult(false)))
    }

    /// Wakes one waiter, if there is any.
    pub fn notify_one(&self) {
        self.raw.notify(1);
    }

    /// Wakes up to `count` waiters.
    pub fn notify(&self, count: usize) {
        self.raw.notify(count);
    }

    /// Wakes all waiters.
    pub fn notify_all(&self) {
        self.raw.notify(usize::MAX);
    }

    fn wait_until<G: ConditionGuard<S>>(
        &self,
        guard: G,
        deadline: Deadline,
    ) -> (LockResult<G>, bool) {
        let announced = self.raw.announce();
        // Not dropped while the lock is not held, whatever happens in between.
        let guard = ManuallyDrop::new(guard);
        let levels = guard.give_up();
        let notified = self.raw.wait(announced, deadline);
        let health = guard.take_again(levels);
        (with_health(health, ManuallyDrop::into_inner(guard)), !notified)
    }
}

fn with_outcome<G>(result: LockResult<G>, timed_out: bool) -> LockResult<(G, WaitTimeoutResult)> {
    let outcome = WaitTimeoutResult(timed_out);
    match result {
        Ok(guard) => Ok((guard, outcome)),
        Err(poisoned) => Err(Poisoned::map(poisoned, |guard| (guard, outcome))),
    }
}

impl<S: Scope> Default for Condition<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Scope> fmt::Debug for Condition<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").finish_non_exhaustive()
    }
}
