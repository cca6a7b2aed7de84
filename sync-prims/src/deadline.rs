//! A point in time up to which a wait may last.

use core::time::Duration;

use crate::futex;

/// A point on the system's monotonic clock, or "for ever".
///
/// Every bounded wait is turned into a `Deadline` once, at its start, so that however often the
/// wait is interrupted and resumed, it ends at the same moment.
///
/// ```
/// use std::time::Duration;
/// use sync_prims::Deadline;
///
/// assert!(Deadline::after(Duration::ZERO).passed());
/// assert!(!Deadline::after(Duration::from_secs(60)).passed());
/// // A duration that the clock cannot express means "for ever".
/// assert_eq!(Deadline::after(Duration::MAX), Deadline::never());
/// assert_eq!(Deadline::never().remaining(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Time since the clock's origin; `None` for never.
    at: Option<Duration>,
}

impl Deadline {
    /// A deadline that never passes.
    pub const fn never() -> Self {
        Self { at: None }
    }

    /// The moment `duration` from now; `never` if the clock cannot express it.
    pub fn after(duration: Duration) -> Self {
        let at = futex::now().checked_add(duration);
        Self { at: at.filter(|at| i64::try_from(at.as_secs()).is_ok()) }
    }

    /// Whether the moment has come.
    pub fn passed(&self) -> bool {
        self.at.is_some_and(|at| futex::now() >= at)
    }

    /// The time left, zero once the moment has come; `None` if it never comes.
    pub fn remaining(&self) -> Option<Duration> {
        self.at.map(|at| at.saturating_sub(futex::now()))
    }

    /// Time since the origin of the monotonic clock, for the system calls that want it so.
    pub(crate) fn since_origin(&self) -> Option<Duration> {
        self.at
    }

    /// The earlier of this moment and `slice` from now.
    pub(crate) fn at_most(self, slice: Duration) -> Self {
        let soon = Self::after(slice);
        match (self.at, soon.at) {
            (Some(at), Some(end)) if at <= end => self,
            _ => soon,
        }
    }
}
