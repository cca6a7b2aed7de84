//! What a start needs of macOS.
#![expect(
    unsafe_code,
    reason = "the actions of posix_spawn and proc_pidpath are foreign functions"
)]

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::os::fd::RawFd;
use std::{io, process};

use crate::sys::unix::start::check;

/// The child has the descriptors that the actions name, and no others: also none that another thread makes meanwhile.
pub(crate) const FLAGS: libc::c_int = libc::POSIX_SPAWN_CLOEXEC_DEFAULT;

// Of `spawn.h`.
unsafe extern "C" {
    fn posix_spawn_file_actions_addinherit_np(
        actions: *mut libc::posix_spawn_file_actions_t,
        descriptor: libc::c_int,
    ) -> libc::c_int;
}

/// The path that the file has now which this process was started from, also if it was moved. If that was deleted
/// there is none, or one that leads to another file: a child of another build refuses.
pub(crate) fn image() -> io::Result<Cow<'static, CStr>> {
    let mut path = vec![0_u8; libc::PROC_PIDPATHINFO_MAXSIZE as usize];
    let room = path.len() as u32;
    // SAFETY: writes at most as many bytes as there is room for.
    let len = unsafe { libc::proc_pidpath(process::id() as i32, path.as_mut_ptr().cast(), room) };
    if len <= 0 {
        return Err(io::Error::last_os_error());
    }
    path.truncate(len as usize);
    CString::new(path).map(Cow::Owned).map_err(io::Error::other)
}

/// Names the standard streams that are inherited as they are, those that there are.
pub(crate) fn leave_out_others(
    actions: &mut libc::posix_spawn_file_actions_t,
    is_given: [bool; 3],
) -> io::Result<()> {
    for (number, is_given) in (0 as RawFd..).zip(is_given) {
        // SAFETY: F_GETFD touches no memory; for a number that is no descriptor it fails.
        let is_open = unsafe { libc::fcntl(number, libc::F_GETFD) } >= 0;
        if !is_given && is_open {
            // SAFETY: the structure is initialised.
            check(unsafe { posix_spawn_file_actions_addinherit_np(actions, number) })?;
        }
    }
    Ok(())
}
