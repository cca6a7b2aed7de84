//! Whether the survivors of a chaos always get on.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::sys::SLOW_START;

/// Counted in ticks of a thread of this process, and not by the clock: where the machine has no time for
/// that thread, it has none for those whom it watches either.
const TICK: Duration = Duration::from_millis(5);
/// So many ticks without progress are a stall.
const STALL: u32 = (SLOW_START.as_millis() / TICK.as_millis()) as u32;

/// Looks at how far they are, again and again.
pub(crate) struct Stalls {
    end: Sender<()>,
    watcher: JoinHandle<(u32, u32)>,
}

/// What was seen.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) stalls: u32,
    /// The longest time without progress, of those that were looked at.
    pub(crate) longest: Duration,
}

impl Stalls {
    /// `progress` changes whenever somebody gets on.
    pub(crate) fn watch(progress: impl Fn() -> u64 + Send + 'static) -> Stalls {
        let (end, ended) = channel::<()>();
        let watcher = thread::spawn(move || {
            let (mut stalls, mut longest, mut ticks, mut seen) = (0, 0, 0, progress());
            while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let now = progress();
                ticks = if now == seen { ticks + 1 } else { 0 };
                seen = now;
                stalls += u32::from(ticks == STALL);
                longest = longest.max(ticks);
            }
            (stalls, longest)
        });
        Stalls { end, watcher }
    }

    pub(crate) fn seen(self) -> Seen {
        drop(self.end);
        let (stalls, longest) = self.watcher.join().expect("no panic");
        Seen { stalls, longest: TICK * longest }
    }
}
