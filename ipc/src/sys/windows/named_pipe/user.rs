//! Whose a pipe is. Pipes are of the whole machine, so each says who may open it, and who opens one looks whose it is.
#![expect(unsafe_code, reason = "system calls")]

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo,
    SDDL_REVISION_1, SE_KERNEL_OBJECT,
};
use windows_sys::Win32::Security::{
    GetTokenInformation, OWNER_SECURITY_INFORMATION, PSID, SECURITY_ATTRIBUTES,
    SECURITY_MAX_SID_SIZE, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::super::object::checked;

/// What the system has allocated for us.
struct Allocated<T>(*mut T);

impl<T> Drop for Allocated<T> {
    fn drop(&mut self) {
        // SAFETY: it is ours, and freed once. Null is nothing.
        unsafe { LocalFree(self.0.cast()) };
    }
}

/// The user that this process runs for, as the system writes it.
pub(super) fn ours() -> io::Result<String> {
    /// A user, and behind it what it points to.
    #[repr(C)]
    struct Told {
        user: TOKEN_USER,
        _sid: [u8; SECURITY_MAX_SID_SIZE as usize],
    }
    let mut token = null_mut();
    // SAFETY: the system writes to a local, and the handle is new.
    let token = unsafe {
        checked(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token))?;
        OwnedHandle::from_raw_handle(token)
    };
    // SAFETY: plain data, for which zero is valid.
    let mut told: Told = unsafe { std::mem::zeroed() };
    let mut length = 0;
    // SAFETY: the system writes to a local of the size that it is told.
    checked(unsafe {
        let (to, size) = ((&raw mut told).cast(), size_of::<Told>() as u32);
        GetTokenInformation(token.as_raw_handle(), TokenUser, to, size, &raw mut length)
    })?;
    // SAFETY: it lies behind what points to it.
    unsafe { written(told.user.User.Sid) }
}

/// Whose the pipe is that this handle is of.
pub(super) fn of(pipe: BorrowedHandle<'_>) -> io::Result<String> {
    let mut owner = null_mut();
    let mut descriptor = Allocated::<c_void>(null_mut());
    // SAFETY: the system writes to locals.
    let error = unsafe {
        let (object, what) = (pipe.as_raw_handle(), OWNER_SECURITY_INFORMATION);
        let (owner, descriptor) = (&raw mut owner, &raw mut descriptor.0);
        let (group, access, audit) = (null_mut(), null_mut(), null_mut());
        GetSecurityInfo(object, SE_KERNEL_OBJECT, what, owner, group, access, audit, descriptor)
    };
    if error != ERROR_SUCCESS {
        return Err(io::Error::from_raw_os_error(error as i32));
    }
    // SAFETY: it lies in the descriptor.
    unsafe { written(owner) }
}

/// Who may do what with it, as the system writes it.
#[cfg(test)]
pub(super) fn rights(pipe: BorrowedHandle<'_>) -> io::Result<String> {
    use windows_sys::Win32::Security::Authorization::ConvertSecurityDescriptorToStringSecurityDescriptorW;
    use windows_sys::Win32::Security::DACL_SECURITY_INFORMATION;

    let mut descriptor = Allocated::<c_void>(null_mut());
    let mut text = Allocated::<u16>(null_mut());
    // SAFETY: the system writes to locals.
    unsafe {
        let (object, what, to) = (pipe.as_raw_handle(), DACL_SECURITY_INFORMATION, null_mut());
        let (all, none) = (&raw mut descriptor.0, null_mut());
        GetSecurityInfo(object, SE_KERNEL_OBJECT, what, null_mut(), none, to, null_mut(), all);
        let version = SDDL_REVISION_1;
        checked(ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor.0,
            version,
            what,
            &raw mut text.0,
            null_mut(),
        ))?;
        letters(&text)
    }
}

/// # Safety
/// It ends with zero.
unsafe fn letters(text: &Allocated<u16>) -> io::Result<String> {
    // SAFETY: by the contract.
    let letters = unsafe {
        let length = (0..).take_while(|&at| *text.0.add(at) != 0).count();
        std::slice::from_raw_parts(text.0, length)
    };
    String::from_utf16(letters).map_err(io::Error::other)
}

/// # Safety
/// It is one.
unsafe fn written(sid: PSID) -> io::Result<String> {
    let mut text = Allocated::<u16>(null_mut());
    // SAFETY: by the contract; the system writes to a local.
    checked(unsafe { ConvertSidToStringSidW(sid, &raw mut text.0) })?;
    // SAFETY: it ends with zero.
    unsafe { letters(&text) }
}

/// Calls `create` with what makes a pipe the user's, who alone may open it or make another of its name.
pub(super) fn for_alone<R>(
    user: &str,
    create: impl FnOnce(*const SECURITY_ATTRIBUTES) -> R,
) -> io::Result<R> {
    let text = format!("O:{user}D:P(A;;GA;;;{user})\0");
    let text: Vec<u16> = text.encode_utf16().collect();
    let mut descriptor = Allocated::<c_void>(null_mut());
    // SAFETY: the text ends with zero; the system writes to a local, and the length to nowhere.
    checked(unsafe {
        let (version, to) = (SDDL_REVISION_1, &raw mut descriptor.0);
        ConvertStringSecurityDescriptorToSecurityDescriptorW(text.as_ptr(), version, to, null_mut())
    })?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    };
    Ok(create(&raw const attributes))
}
