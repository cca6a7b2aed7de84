//! Linux: `futex(2)`.
#![expect(unsafe_code, reason = "system calls")]

use core::time::Duration;

use crate::deadline::Deadline;
use crate::futex::{Reach, Waited, Word};

pub(crate) mod robust;

/// Sleeps while `*word == expected`.
pub(crate) fn wait(word: &impl Word, expected: u32, deadline: Deadline, reach: Reach) -> Waited {
    let until = deadline.since_origin().map(|at| libc::timespec {
        tv_sec: at.as_secs() as libc::time_t,
        tv_nsec: at.subsec_nanos() as _,
    });
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
    match result {
        0 => Waited::Woken,
        _ if last_error() == libc::ETIMEDOUT => Waited::TimedOut,
        _ => Waited::Again,
    }
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

fn last_error() -> i32 {
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
fn passes_wakes_on() -> bool {
    let mut name = core::mem::MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: valid for writes; zeroed bytes are a valid utsname in any case.
    let name = unsafe {
        libc::uname(name.as_mut_ptr());
        name.assume_init()
    };
    let release: Vec<u8> = name.release.iter().map(|&c| c as u8).take_while(|&c| c != 0).collect();
    let release = String::from_utf8_lossy(&release);
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<u32>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (6, 2),
        _ => false,
    }
}
