//! The numbers that are printed to.
#![expect(unsafe_code, reason = "fcntl is a foreign function")]

use std::fs::File;
use std::io;
use std::os::fd::IntoRawFd;

/// Opens `/dev/null` for each standard stream that this process does not have, as the standard library does
/// before `main`: whatever else came by such a number would be printed into.
pub(crate) fn fill() -> io::Result<()> {
    for number in 0..3 {
        // SAFETY: F_GETFD touches no memory; for a number that is no descriptor it fails.
        if unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
            // It gets the lowest number that is free, for good.
            let _ = File::options().read(true).write(true).open("/dev/null")?.into_raw_fd();
        }
    }
    Ok(())
}
