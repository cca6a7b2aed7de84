//! Where a thread runs.
#![expect(unsafe_code, reason = "system calls")]

use windows_sys::Win32::System::Kernel::PROCESSOR_NUMBER;
use windows_sys::Win32::System::Threading::{
    ALL_PROCESSOR_GROUPS, GetActiveProcessorCount, GetCurrentProcessorNumberEx,
};

/// The number of the processor that this thread is on, which may change at any time.
pub(crate) fn current() -> u32 {
    let mut place = PROCESSOR_NUMBER { Group: 0, Number: 0, Reserved: 0 };
    // SAFETY: the system writes to a local.
    unsafe { GetCurrentProcessorNumberEx(&raw mut place) };
    // A group has 64 at most.
    u32::from(place.Group) * 64 + u32::from(place.Number)
}

/// How many processors the machine has, whoever may use them.
pub(crate) fn count() -> usize {
    // SAFETY: takes a number.
    let count = unsafe { GetActiveProcessorCount(ALL_PROCESSOR_GROUPS) };
    // It fails where the system cannot tell.
    if count == 0 { usize::MAX } else { count as usize }
}
