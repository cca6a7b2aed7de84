//! Handles of kernel objects.
#![expect(unsafe_code, reason = "takes possession of handles")]

use std::io;
use std::os::windows::io::{FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};

/// The handle that a call has just given, or what it says went wrong.
///
/// # Safety
///
/// It is none, or nobody else's.
pub(super) unsafe fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is the caller's to give.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// What a call says that fails with zero.
pub(super) fn checked(result: i32) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
