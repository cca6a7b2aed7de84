//! A copy of this process.
#![expect(unsafe_code, reason = "fork is a foreign function")]

use std::io;

use ipc::rendezvous::{Invitation, Refusal};

use crate::sys::end::{self, Reference};

/// The child, or none in the child.
///
/// # Safety
///
/// Whatever the child does from here on gets along with locks that other threads of this process hold
/// for ever.
pub(crate) unsafe fn fork() -> io::Result<Option<(u32, Reference)>> {
    // SAFETY: the caller vouches for what the child does.
    let pid = unsafe { libc::fork() };
    match pid {
        ..0 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        1.. => {
            let pid = pid as u32;
            let pidfd = Reference::of_child(pid).inspect_err(|_| end::discard(pid))?;
            Ok(Some((pid, pidfd)))
        }
    }
}

/// In the child: takes the place that it was invited to. Why it cannot, the parent was told.
pub(crate) fn join(invitation: Invitation) -> Result<(), Refusal> {
    invitation.join_forked()
}
