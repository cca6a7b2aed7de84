//! Two ends of a pipe that wait for each other, each the only one who could send to the other.

use crate::ring::{Flow, Stream};

/// Says that this end is blocked, and tells whether the other one is, too.
///
/// An end that finds both streams empty asks the other, and waits on; one that is asked and finds
/// the same tells the asker, and both know. Without an answer there is no verdict: an end that says
/// it is blocked may be dead, and then the answer is that it is gone.
pub(super) fn is_deadlocked(mine: &Stream, other: &Stream) -> bool {
    loop {
        match mine.flow() {
            Flow::Deadlocked => return true,
            Flow::Asked => match answer(mine, other) {
                Some(verdict) => return verdict,
                // Both are free now, and neither would be woken by the other.
                None => continue,
            },
            Flow::Free => drop(mine.change_flow(Flow::Free, Flow::Blocked)),
            Flow::Blocked => {}
        }
        if mine.is_empty() && other.is_empty() {
            other.tell(Flow::Blocked, Flow::Asked);
        }
        return false;
    }
}

/// The other end has asked. It waits for the answer, unless something came for it. `None` if both
/// have asked and both are answering: then they begin again.
fn answer(mine: &Stream, other: &Stream) -> Option<bool> {
    if !(mine.is_empty() && other.is_empty()) {
        // If this fails, the other end has answered meanwhile, and the next look tells.
        mine.change_flow(Flow::Asked, Flow::Blocked);
        return Some(false);
    }
    if !mine.change_flow(Flow::Asked, Flow::Free) {
        return Some(true);
    }
    let told =
        other.tell(Flow::Blocked, Flow::Deadlocked) || other.tell(Flow::Asked, Flow::Deadlocked);
    told.then_some(true)
}

/// This end is not blocked any more. `false` if it was told of a deadlock before.
pub(super) fn unblock(mine: &Stream) -> bool {
    // Only this end leaves Free, so nobody has asked it anything.
    mine.flow() == Flow::Free || mine.free_flow() != Flow::Deadlocked
}
