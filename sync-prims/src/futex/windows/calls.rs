//! The clock, and what tells threads apart.
#![expect(unsafe_code, reason = "system calls")]

use core::time::Duration;
use std::sync::LazyLock;
use std::time::Instant;

use windows_sys::Win32::Security::Cryptography::{
    BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom,
};
use windows_sys::Win32::System::Threading::GetCurrentThreadId;

/// The monotonic clock, from its first use in this process.
pub(crate) fn now() -> Duration {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    ORIGIN.elapsed()
}

/// The system's number of the calling thread, as much of it as fits into a lock word.
pub(crate) fn thread_id() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    let id = unsafe { GetCurrentThreadId() };
    // The system counts in steps of four.
    ((id >> 2) & 0x3FFF_FFFF).max(1)
}

/// 64 bits from the system's generator.
pub(crate) fn random() -> u64 {
    let mut bytes = [0u8; 8];
    // SAFETY: the buffer is valid for writes of its length; no algorithm is named with this flag.
    let status = unsafe {
        BCryptGenRandom(
            core::ptr::null_mut(),
            bytes.as_mut_ptr(),
            bytes.len() as u32,
            BCRYPT_USE_SYSTEM_PREFERRED_RNG,
        )
    };
    assert!(status >= 0, "the system gave no random bytes");
    u64::from_ne_bytes(bytes)
}

/// There is no fork here.
pub(crate) fn on_fork(_before: extern "C" fn(), _parent: extern "C" fn(), _child: extern "C" fn()) {
}
