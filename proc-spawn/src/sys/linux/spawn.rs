//! What a start needs of Linux.
#![expect(unsafe_code, reason = "the actions of posix_spawn and dlsym are foreign functions")]

use std::borrow::Cow;
use std::ffi::CStr;
use std::os::fd::RawFd;
use std::sync::OnceLock;
use std::{fs, io, mem};

use crate::sys::unix::start::{HANDOVER, check};

/// No attribute besides.
pub(crate) const FLAGS: libc::c_int = 0;

/// The file that this process runs: a link to the file that it was started from and not to its path, which leads
/// there also when the file has been deleted or another one put in its place.
pub(crate) fn image() -> io::Result<Cow<'static, CStr>> {
    Ok(c"/proc/self/exe".into())
}

/// Closes everything after the hand-over, by close_range (glibc 2.34), and where the libc has no such action, one by
/// one as /proc/self/fd lists them before the start.
pub(crate) fn leave_out_others(
    actions: &mut libc::posix_spawn_file_actions_t,
    _is_given: [bool; 3],
) -> io::Result<()> {
    let first = HANDOVER + 1;
    if let Some(add_close_from) = add_close_from() {
        // SAFETY: the structure is initialised; the function is the one of that name.
        return check(unsafe { add_close_from(actions, first) });
    }
    for entry in fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let Some(fd) = name.to_str().and_then(|name| name.parse::<RawFd>().ok()) else {
            continue;
        };
        // SAFETY: takes integers and touches no memory of ours; a number that is not open any
        // more is an error.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
        if fd >= first && flags >= 0 && flags & libc::FD_CLOEXEC == 0 {
            // SAFETY: the structure is initialised. A number that is closed by then is
            // skipped in the child.
            check(unsafe { libc::posix_spawn_file_actions_addclose(actions, fd) })?;
        }
    }
    Ok(())
}

type AddCloseFrom =
    unsafe extern "C" fn(*mut libc::posix_spawn_file_actions_t, libc::c_int) -> libc::c_int;

/// `posix_spawn_file_actions_addclosefrom_np`, if the libc that runs has it.
fn add_close_from() -> Option<AddCloseFrom> {
    static FOUND: OnceLock<Option<AddCloseFrom>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let name = c"posix_spawn_file_actions_addclosefrom_np";
        // SAFETY: looks a name up in the loaded libraries.
        let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        // SAFETY: null is `None`; anything else is the function of that name, whose type in every
        // libc that has it is this one.
        unsafe { mem::transmute::<*mut libc::c_void, Option<AddCloseFrom>>(address) }
    })
}
