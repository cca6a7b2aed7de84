//! The system calls.
#![expect(unsafe_code, reason = "system calls")]

use core::time::Duration;

use crate::deadline::Deadline;
use crate::futex::{Waited, Word};
use crate::primitive::{AtomicBool, Ordering};

/// Whether `wait_either` has a system call to go by (Linux 5.16 and later).
static EITHER: AtomicBool = AtomicBool::new(true);

/// Whether [`wait_either`] works on this system, as far as is known.
pub(crate) fn can_wait_either() -> bool {
    EITHER.load(Ordering::Relaxed)
}

/// `struct futex_waitv`.
#[repr(C)]
struct Waiter {
    expected: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

/// `struct __kernel_timespec`.
#[repr(C)]
struct Moment {
    seconds: i64,
    nanoseconds: i64,
}

/// Sleeps while both of two words, which all processes share, are as expected.
pub(crate) fn wait_either(
    word: &impl Word,
    expected: u32,
    other: &impl Word,
    other_expected: u32,
    deadline: Deadline,
) -> Waited {
    const SIZE_U32: u32 = 2;
    let waiter = |address: *const u32, expected: u32| Waiter {
        expected: expected.into(),
        address: address.addr() as u64,
        flags: SIZE_U32,
        reserved: 0,
    };
    let waiters = [waiter(other.address(), other_expected), waiter(word.address(), expected)];
    let until = deadline
        .since_origin()
        .map(|at| Moment { seconds: at.as_secs() as i64, nanoseconds: at.subsec_nanos().into() });
    let until = until.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
    // SAFETY: the array and the time (or null, for no end) live across the call, and so do the words.
    let result = unsafe {
        libc::syscall(
            libc::SYS_futex_waitv,
            waiters.as_ptr(),
            waiters.len() as libc::c_uint,
            0 as libc::c_uint,
            until,
            libc::CLOCK_MONOTONIC,
        )
    };
    if result >= 0 {
        return Waited::Again;
    }
    match last_error() {
        libc::ETIMEDOUT => Waited::TimedOut,
        libc::EAGAIN | libc::EINTR => Waited::Again,
        _ => {
            EITHER.store(false, Ordering::Relaxed);
            Waited::Again
        }
    }
}

pub(super) fn last_error() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// The monotonic clock.
pub(crate) fn now() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writes. The clock exists on every Linux, so this cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The kernel's number for the calling thread.
pub(crate) fn thread_id() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() as u32 }
}

/// 64 bits from the kernel's generator.
pub(crate) fn random() -> u64 {
    let mut bytes = [0u8; 8];
    // SAFETY: the buffer is valid for writes of its length.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    assert!(got == 8, "the kernel gave no random bytes");
    u64::from_ne_bytes(bytes)
}

/// Has `before` called before every `fork` of this process, `parent` and `child` after it.
pub(crate) fn on_fork(before: extern "C" fn(), parent: extern "C" fn(), child: extern "C" fn()) {
    // SAFETY: `extern "C" fn()` and `unsafe extern "C" fn()` have one ABI; the functions are
    // never unloaded, being part of the program.
    let failed = unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) };
    assert!(failed == 0, "no memory to watch for forks");
}

/// Whether the kernel passes a wake-up on when a woken thread dies, whatever the word's flag bits
/// are (6.2 and later). Before that it did so only for a word that is all zero.
#[cfg(not(unmarked))]
pub(super) fn passes_wakes_on() -> bool {
    let mut name = core::mem::MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: valid for writes; zeroed bytes are a valid utsname in any case.
    let name = unsafe {
        libc::uname(name.as_mut_ptr());
        name.assume_init()
    };
    let release: Vec<u8> =
        name.release.iter().map(|&c| c.to_ne_bytes()[0]).take_while(|&c| c != 0).collect();
    let release = String::from_utf8_lossy(&release);
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<u32>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (6, 2),
        _ => false,
    }
}
