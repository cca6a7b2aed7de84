//! Handles of kernel objects.
#![expect(unsafe_code, reason = "takes possession of handles")]

use std::ffi::OsStr;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::HANDLE;

/// The handle that a call has just given, or what it says went wrong.
///
/// # Safety
///
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

/// A text as the system takes it, with a zero at its end.
pub(super) fn wide(text: &OsStr) -> io::Result<Vec<u16>> {
    let wide: Vec<u16> = text.encode_wide().collect();
    if wide.contains(&0) {
        let problem = format!("{:?} contains a zero", text.display().to_string());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    Ok(wide.into_iter().chain([0]).collect())
}
