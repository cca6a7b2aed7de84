//! Sleeping on one word, and waking.
#![expect(unsafe_code, reason = "system calls")]

use super::calls::last_error;
use crate::deadline::Deadline;
use crate::futex::{Reach, Waited, Word};

/// Sleeps while `*word == expected`.
pub(crate) fn wait(word: &impl Word, expected: u32, deadline: Deadline, reach: Reach) -> Waited {
    let until = deadline
        .since_origin()
        .map(|at| libc::timespec { tv_sec: at.as_secs() as _, tv_nsec: at.subsec_nanos() as _ });
    let until = until.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
    // SAFETY: the word and the timespec (or null, for no end) live across the call; the bitset
    // form takes an absolute time on CLOCK_MONOTONIC and ignores the fifth argument.
    let result = unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.address(),
            libc::FUTEX_WAIT_BITSET | flag(reach),
            expected,
            until,
            core::ptr::null::<u32>(),
            libc::FUTEX_BITSET_MATCH_ANY,
        )
    };
    if result != 0 && last_error() == libc::ETIMEDOUT { Waited::TimedOut } else { Waited::Again }
}

/// Wakes up to `count` sleepers on `word` and says how many it was.
pub(crate) fn wake(word: &impl Word, count: u32, reach: Reach) -> u32 {
    let count = count.min(i32::MAX as u32);
    // SAFETY: only the address of the word is used.
    let woken = unsafe {
        libc::syscall(libc::SYS_futex, word.address(), libc::FUTEX_WAKE | flag(reach), count)
    };
    u32::try_from(woken).unwrap_or(0)
}

fn flag(reach: Reach) -> libc::c_int {
    match reach {
        Reach::Threads => libc::FUTEX_PRIVATE_FLAG,
        Reach::Processes => 0,
    }
}
