//! Sleeping on one word, and waking.
//!
//! The functions came with macOS 14.4, so they are looked for at run time. Before it nothing that
//! is public sleeps on a word of several processes, and a sleep is a slice of a millisecond.
#![expect(unsafe_code, reason = "functions that are looked for at run time")]

use core::ffi::{CStr, c_int, c_void};
use core::mem::transmute;
use core::time::Duration;
use std::sync::LazyLock;

use crate::deadline::Deadline;
use crate::futex::{Reach, Waited, Word};

type Wait = unsafe extern "C" fn(*mut c_void, u64, usize, u32) -> c_int;
type WaitTimeout = unsafe extern "C" fn(*mut c_void, u64, usize, u32, u32, u64) -> c_int;
type Wake = unsafe extern "C" fn(*mut c_void, usize, u32) -> c_int;

struct Functions {
    wait: Wait,
    wait_timeout: WaitTimeout,
    wake_any: Wake,
    wake_all: Wake,
}

const SLICE: Duration = Duration::from_millis(1);
const SIZE: usize = size_of::<u32>();
/// `OS_CLOCK_MACH_ABSOLUTE_TIME`.
const CLOCK: u32 = 32;

static FUNCTIONS: LazyLock<Option<Functions>> = LazyLock::new(|| {
    // SAFETY: the types are those of `os/os_sync_wait_on_address.h`, and no address is null.
    unsafe {
        Some(Functions {
            wait: transmute::<*mut c_void, Wait>(find(c"os_sync_wait_on_address")?),
            wait_timeout: transmute::<*mut c_void, WaitTimeout>(find(
                c"os_sync_wait_on_address_with_timeout",
            )?),
            wake_any: transmute::<*mut c_void, Wake>(find(c"os_sync_wake_by_address_any")?),
            wake_all: transmute::<*mut c_void, Wake>(find(c"os_sync_wake_by_address_all")?),
        })
    }
});

fn find(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: a name that ends with zero.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}

/// Sleeps while `*word == expected`.
pub(crate) fn wait(word: &impl Word, expected: u32, deadline: Deadline, reach: Reach) -> Waited {
    let Some(functions) = &*FUNCTIONS else { return wait_a_slice(deadline) };
    let address = word.address().cast_mut().cast();
    let result = match deadline.remaining() {
        // SAFETY: the word lives across the call.
        None => unsafe { (functions.wait)(address, expected.into(), SIZE, flag(reach)) },
        Some(Duration::ZERO) => return Waited::TimedOut,
        Some(left) => {
            let left = u64::try_from(left.as_nanos()).unwrap_or(u64::MAX);
            // SAFETY: the word lives across the call.
            unsafe {
                (functions.wait_timeout)(address, expected.into(), SIZE, flag(reach), CLOCK, left)
            }
        }
    };
    let timed_out =
        result < 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ETIMEDOUT);
    if timed_out && deadline.passed() { Waited::TimedOut } else { Waited::Again }
}

fn wait_a_slice(deadline: Deadline) -> Waited {
    // sleep: what could be awaited came with macOS 14.4.
    std::thread::sleep(deadline.remaining().map_or(SLICE, |left| left.min(SLICE)));
    if deadline.passed() { Waited::TimedOut } else { Waited::Again }
}

/// Wakes up to `count` sleepers on `word` and says how many it was.
pub(crate) fn wake(word: &impl Word, count: u32, reach: Reach) -> u32 {
    let Some(functions) = &*FUNCTIONS else { return 0 };
    let address = word.address().cast_mut().cast();
    if count >= i32::MAX as u32 {
        // SAFETY: only the address of the word is used.
        return u32::from(unsafe { (functions.wake_all)(address, SIZE, flag(reach)) } == 0);
    }
    // SAFETY: only the address of the word is used.
    let woken = |_: &u32| unsafe { (functions.wake_any)(address, SIZE, flag(reach)) } == 0;
    (0..count).take_while(woken).count() as u32
}

/// `OS_SYNC_…_SHARED`, or not.
fn flag(reach: Reach) -> u32 {
    match reach {
        Reach::Threads => 0,
        Reach::Processes => 1,
    }
}
