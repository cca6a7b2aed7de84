//! `Timer`.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::thread::{Condition, Lock};

/// Calls a function once, after a delay, unless it is cancelled before.
///
/// All timers share one thread, which is started with the first of them. So the function should
/// be short: let it set an [`Event`](crate::Event) or send a message, and do the work elsewhere. A
/// panic in it is reported as that of any thread, and concerns no other timer.
///
/// Dropping a `Timer` does not cancel it. Timers that are not due when the process ends are never
/// called, nor are a parent's in a child made by `fork`.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use sync_prims::{Timer, thread::Event};
///
/// let rang = Arc::new(Event::new());
/// let bell = Arc::clone(&rang);
/// let timer = Timer::new(Duration::from_millis(5), move || bell.set());
/// rang.wait();
/// assert!(!timer.cancel()); // too late
/// ```
#[doc(alias = "threading.Timer")]
pub struct Timer {
    due: Due,
    clock: Arc<Clock>,
}

/// When, and which of those that are due at that time.
type Due = (Duration, u64);
type Call = Box<dyn FnOnce() + Send>;

/// The timers of one process.
struct Clock {
    process: u32,
    waiting: Lock<Waiting>,
    changed: Condition,
}

struct Waiting {
    calls: BTreeMap<Due, Call>,
    made: u64,
}

static CLOCK: Lock<Option<Arc<Clock>>> = Lock::new(None);

impl Timer {
    /// Has `f` called once `delay` is over. A delay that the clock cannot express never is.
    ///
    /// # Panics
    ///
    /// If the thread that calls cannot be started.
    pub fn new(delay: Duration, f: impl FnOnce() + Send + 'static) -> Self {
        let at = Deadline::after(delay).since_origin().unwrap_or(Duration::MAX);
        let clock = Clock::of_this_process();
        let mut waiting = clock.waiting();
        waiting.made += 1;
        let due = (at, waiting.made);
        waiting.calls.insert(due, Box::new(f));
        let is_next = waiting.calls.first_key_value().is_some_and(|(first, _)| *first == due);
        drop(waiting);
        if is_next {
            clock.changed.notify_one();
        }
        Self { due, clock }
    }

    /// Has the function not called; `false` if it is too late for that.
    pub fn cancel(&self) -> bool {
        let call = self.clock.waiting().calls.remove(&self.due);
        // What the function has captured is dropped outside of the lock.
        call.is_some()
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_pending = self.clock.waiting().calls.contains_key(&self.due);
        f.debug_struct("Timer").field("is_pending", &is_pending).finish_non_exhaustive()
    }
}

impl Clock {
    fn of_this_process() -> Arc<Self> {
        let process = std::process::id();
        let mut clock = CLOCK.lock().unwrap_or_else(|poisoned| poisoned.recover());
        match &*clock {
            Some(clock) if clock.process == process => Arc::clone(clock),
            // None yet, or the parent's, whose thread there is not in this process.
            _ => Arc::clone(clock.insert(Self::start(process))),
        }
    }

    fn start(process: u32) -> Arc<Self> {
        let waiting = Waiting { calls: BTreeMap::new(), made: 0 };
        let clock =
            Arc::new(Self { process, waiting: Lock::new(waiting), changed: Condition::new() });
        let run = Arc::clone(&clock);
        thread::Builder::new()
            .name("timers".into())
            .spawn(move || run.run())
            .expect("start the thread that calls timers");
        clock
    }

    fn waiting(&self) -> crate::thread::LockGuard<'_, Waiting> {
        // Nothing panics under this lock.
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.recover())
    }

    fn run(&self) -> ! {
        let mut waiting = self.waiting();
        loop {
            let now = crate::futex::now();
            let next = waiting.calls.first_key_value().map(|(due, _)| due.0);
            waiting = match next {
                Some(at) if at <= now => {
                    let call = waiting.calls.pop_first();
                    drop(waiting);
                    if let Some((_, call)) = call {
                        // The panic hook has reported it. To drop it might panic again.
                        catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(std::mem::forget);
                    }
                    self.waiting()
                }
                Some(at) => match self.changed.wait_timeout(waiting, at - now) {
                    Ok((waiting, _)) => waiting,
                    Err(poisoned) => poisoned.recover().0,
                },
                None => self.changed.wait(waiting).unwrap_or_else(|poisoned| poisoned.recover()),
            };
        }
    }
}
