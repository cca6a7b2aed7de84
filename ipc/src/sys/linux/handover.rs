//! The descriptor that a child inherits.
#![expect(unsafe_code, reason = "takes possession of an inherited descriptor")]

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;

/// The number under which a child finds its end of the line: the first after the standard streams.
pub const HANDOVER_FD: RawFd = 3;

/// What is at [`HANDOVER_FD`], if anything is.
pub(crate) fn inherited() -> Option<BorrowedFd<'static>> {
    // SAFETY: F_GETFD touches no memory; for a number that is no descriptor it fails.
    let open = unsafe { libc::fcntl(HANDOVER_FD, libc::F_GETFD) } >= 0;
    // SAFETY: it is open now. Callers only look at it; should other code of this process own and
    // close it meanwhile, looking fails and nothing else happens.
    open.then(|| unsafe { BorrowedFd::borrow_raw(HANDOVER_FD) })
}

/// Takes possession of it, for as long as the process lives. Called when it is known to be ours.
pub(crate) fn take() -> &'static OwnedFd {
    static LINE: OnceLock<OwnedFd> = OnceLock::new();
    LINE.get_or_init(|| {
        // SAFETY: `arrived` said that this is the end our parent made for us: nobody else owns it.
        // Close-on-exec, so that programs we start do not keep the line open.
        unsafe {
            libc::fcntl(HANDOVER_FD, libc::F_SETFD, libc::FD_CLOEXEC);
            OwnedFd::from_raw_fd(HANDOVER_FD)
        }
    })
}
