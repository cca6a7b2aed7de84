//! Kernel objects, and the names by which processes find each other's.
#![expect(unsafe_code, reason = "takes possession of handles, and reads random bits")]

use std::io;
use std::os::windows::io::{FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Security::Cryptography::{
    BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom,
};

/// A name as the system takes it: of this session, and of ours among all others.
pub(super) fn name(rest: &str) -> Vec<u16> {
    format!("Local\\tandem-{rest}\0").encode_utf16().collect()
}

/// The handle that a call has just given, or what it says went wrong.
///
/// # Safety
/// It is null, or nobody else's.
pub(super) unsafe fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is the caller's to give.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// What a call says that fails with zero.
pub(super) fn checked(result: i32) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// 128 bits that nobody else has.
pub(crate) fn random() -> io::Result<u128> {
    let mut bytes = [0u8; 16];
    // SAFETY: the buffer is valid for writes of its length; no algorithm is named with this flag.
    let status = unsafe {
        let (algorithm, len) = (std::ptr::null_mut(), bytes.len() as u32);
        BCryptGenRandom(algorithm, bytes.as_mut_ptr(), len, BCRYPT_USE_SYSTEM_PREFERRED_RNG)
    };
    if status < 0 {
        return Err(io::Error::other("the system gave no random bits"));
    }
    Ok(u128::from_ne_bytes(bytes))
}
