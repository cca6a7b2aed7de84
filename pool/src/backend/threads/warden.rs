//! The thread that looks at the clock.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::clock::{Clock, Overdue};
use super::shared::Shared;
use crate::call::{Chunk, drop_quietly};
use crate::error::TaskError;

impl Shared {
    /// What the warden does, until the clock is stopped.
    pub(super) fn watch(self: &Arc<Self>, clock: &Clock) {
        while let Some(all) = clock.next_overdue() {
            for overdue in all {
                self.abandon(overdue, clock);
            }
            let state = self.lock();
            if state.left_to_itself && state.has_ended() {
                return;
            }
        }
    }

    /// An item has run too long: it is settled, its thread goes on with it but is not waited for, and
    /// another one takes its place and the rest of its chunk.
    fn abandon(self: &Arc<Self>, Overdue { seat, tenure, run }: Overdue, clock: &Clock) {
        run.job.fail(run.index, TaskError::TimedOut { after: clock.limit });
        let rest = Chunk { start: run.index + 1, ..run.chunk };
        // The thread will not tell of what it had done before either.
        let settled = run.chunk.len() - rest.len();
        self.tallies[seat].tasks_done.fetch_add(settled as u64, Relaxed);
        let mut state = self.lock();
        state.ready -= 1;
        // Without its handle nobody waits for it; but for the next one, which has the rest to do.
        state.awaited += 1;
        state.threads.retain(|member| member.seat != seat || member.tenure >= tenure);
        state.schedule.settled(rest.call, settled, true);
        state.schedule.put_back(rest);
        let ended = state.schedule.take_ended();
        drop(state);
        drop_quietly(run);
        self.replace(seat, tenure);
        self.lock().awaited -= 1;
        self.wake_all();
        drop(ended);
    }
}
