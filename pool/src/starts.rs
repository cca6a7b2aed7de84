//! What to do about workers that do not get as far as their first task.

use std::time::Duration;

/// How long the next attempt waits after the first failed one, the second, and so on.
const DELAYS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(100),
];
/// How long it waits from then on, if there is hope.
const PATIENT: Duration = Duration::from_millis(200);

/// How long an item waits that its worker has died of, for the nth time.
pub(crate) fn retry_delay(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(7);
    Duration::from_millis(10) * 2_u32.pow(doublings)
}

/// How the starts of one worker went.
#[derive(Debug, Clone, Default)]
pub(crate) struct Starts {
    failed_in_a_row: usize,
    /// What the whole pool had done when the row began.
    done_before: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    StartAfter(Duration),
    /// It failed again and again, and there is no sign that it could ever succeed.
    GiveUp,
}

impl Starts {
    /// A worker is there and works.
    pub(crate) fn succeeded(&mut self) {
        self.failed_in_a_row = 0;
    }

    /// A worker ended before it was of use. The pool has `done` so much in all its life; `others` can
    /// work, or cannot.
    pub(crate) fn failed(&mut self, done: u64, others: bool) -> Next {
        if self.failed_in_a_row == 0 {
            self.done_before = done;
        }
        let delay = DELAYS.get(self.failed_in_a_row).copied();
        self.failed_in_a_row += 1;
        match delay {
            Some(delay) => Next::StartAfter(delay),
            None if others || done > self.done_before => Next::StartAfter(PATIENT),
            None => Next::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DELAYS, Next, PATIENT, Starts, retry_delay};

    #[test]
    fn a_worker_that_never_starts_is_given_up_after_a_few_attempts() {
        let mut starts = Starts::default();
        for delay in DELAYS {
            assert_eq!(starts.failed(7, false), Next::StartAfter(delay));
        }
        assert_eq!(starts.failed(7, false), Next::GiveUp);
    }

    #[test]
    fn a_worker_that_never_starts_is_tried_patiently_while_others_work() {
        let mut starts = Starts::default();
        for delay in DELAYS {
            assert_eq!(starts.failed(7, true), Next::StartAfter(delay));
        }
        assert_eq!(starts.failed(7, true), Next::StartAfter(PATIENT));
        assert_eq!(starts.failed(8, false), Next::StartAfter(PATIENT));
        assert_eq!(starts.failed(7, false), Next::GiveUp);
    }

    #[test]
    fn a_success_wipes_the_slate_clean() {
        let mut starts = Starts::default();
        for _ in DELAYS {
            starts.failed(7, false);
        }
        starts.succeeded();
        assert_eq!(starts.failed(7, false), Next::StartAfter(DELAYS[0]));
    }

    #[test]
    fn an_item_waits_longer_each_time_but_not_for_ever() {
        let delays = [1, 2, 3, 8, 9, u32::MAX].map(|attempts| retry_delay(attempts).as_millis());
        assert_eq!(delays, [10, 20, 40, 1280, 1280, 1280]);
    }
}
