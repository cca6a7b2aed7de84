//! Sleeping on words, and waking.
#![expect(unsafe_code, reason = "system calls")]

use core::time::Duration;
use std::os::windows::io::{AsRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{HANDLE, WAIT_FAILED};
use windows_sys::Win32::System::Threading::{
    INFINITE, WaitForMultipleObjects, WaitOnAddress, WakeByAddressAll, WakeByAddressSingle,
};

use super::events;
use super::memory::{self, Place};
use crate::deadline::Deadline;
use crate::futex::{Reach, Waited, Word};
use crate::primitive::{Ordering, fence};

/// When to look again on behalf of another process, in memory that has no name.
const UNNAMED: Duration = Duration::from_millis(20);
/// When to look again for an event that is not in use.
const NO_EVENT: Duration = Duration::from_millis(1);

/// Sleeps while `*word == expected`.
pub(crate) fn wait(word: &impl Word, expected: u32, deadline: Deadline, reach: Reach) -> Waited {
    match (reach, memory::place(word.address().addr())) {
        (Reach::Threads, _) => wait_here(word, expected, deadline, deadline),
        (Reach::Processes, None) => wait_here(word, expected, deadline.at_most(UNNAMED), deadline),
        (Reach::Processes, Some(place)) => {
            wait_for(&[place], || word.latest() == expected, deadline)
        }
    }
}

/// Whether [`wait_either`] works on this system.
pub(crate) fn can_wait_either() -> bool {
    true
}

/// Sleeps while both of two words, which all processes share, are as expected.
pub(crate) fn wait_either(
    word: &impl Word,
    expected: u32,
    other: &impl Word,
    other_expected: u32,
    deadline: Deadline,
) -> Waited {
    let place = |word: *const u32| memory::place(word.addr());
    let as_expected = || word.latest() == expected && other.latest() == other_expected;
    match (place(word.address()), place(other.address())) {
        (Some(first), Some(second)) => wait_for(&[first, second], as_expected, deadline),
        _ => wait(word, expected, deadline.at_most(UNNAMED), Reach::Processes),
    }
}

/// Wakes sleepers on `word`, between processes all of them, and says how many it was as far as that
/// is known: between threads it never is, and 0.
pub(crate) fn wake(word: &impl Word, count: u32, reach: Reach) -> u32 {
    if reach == Reach::Processes {
        // SeqCst: the change of the word comes before the look for events; pairs with the fence
        // in `wait_for`.
        fence(Ordering::SeqCst);
        if let Some(place) = memory::place(word.address().addr()) {
            return events::wake(place).min(count);
        }
    }
    let address = word.address().cast();
    // SAFETY: only the address of the word is used.
    unsafe { if count == 1 { WakeByAddressSingle(address) } else { WakeByAddressAll(address) } }
    0
}

/// Sleeps within this process, until `until` at most.
fn wait_here(word: &impl Word, expected: u32, until: Deadline, deadline: Deadline) -> Waited {
    // SAFETY: the word and what it is compared with live across the call, and have four bytes.
    let timed_out = 0
        == unsafe {
            WaitOnAddress(
                word.address().cast(),
                core::ptr::from_ref(&expected).cast(),
                size_of::<u32>(),
                milliseconds(until),
            )
        };
    if timed_out && deadline.passed() { Waited::TimedOut } else { Waited::Again }
}

/// Sleeps while the words at some places are as expected.
fn wait_for<const N: usize>(
    places: &[Place; N],
    as_expected: impl Fn() -> bool,
    deadline: Deadline,
) -> Waited {
    let events: [Option<OwnedHandle>; N] = places.map(events::for_sleeper);
    // SeqCst: the events are there before the look at the words; pairs with the fence in `wake`.
    fence(Ordering::SeqCst);
    if !as_expected() {
        return Waited::Again;
    }
    let handles: [HANDLE; N] = events
        .each_ref()
        .map(|event| event.as_ref().map_or(core::ptr::null_mut(), |it| it.as_raw_handle()));
    let slept = !handles.contains(&core::ptr::null_mut()) && {
        // SAFETY: the handles are open across the call.
        let result = unsafe {
            WaitForMultipleObjects(N as u32, handles.as_ptr(), 0, milliseconds(deadline))
        };
        result != WAIT_FAILED
    };
    if !slept {
        // sleep: there was nothing to wait for; see `events`.
        std::thread::sleep(deadline.remaining().map_or(NO_EVENT, |left| left.min(NO_EVENT)));
    }
    // Whoever else was woken with this one has not lost it.
    if deadline.passed() { Waited::TimedOut } else { Waited::Again }
}

/// What is left until then, rounded up.
fn milliseconds(deadline: Deadline) -> u32 {
    deadline.remaining().map_or(INFINITE, |left| {
        let left = left.as_nanos().div_ceil(1_000_000);
        u32::try_from(left).unwrap_or(INFINITE - 1).min(INFINITE - 1)
    })
}
