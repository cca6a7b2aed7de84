//! Sleeping until descriptors are ready.
#![expect(unsafe_code, reason = "poll is a foreign function")]

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// Sleeps until one of `fds` can be read or has hung up, or for `timeout` (`None`: for ever). Tells for
/// each whether it is so. A signal ends the sleep early, with nothing ready.
pub(crate) fn readable(fds: &[BorrowedFd<'_>], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
    ready(fds, libc::POLLIN, timeout)
}

/// The same until there is room to send, or the other end is gone.
pub(crate) fn writable(fd: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    ready(&[fd], libc::POLLOUT, timeout).map(|ready| ready[0])
}

fn ready(
    fds: &[BorrowedFd<'_>],
    events: libc::c_short,
    timeout: Option<Duration>,
) -> io::Result<Vec<bool>> {
    let polled = |fd: &BorrowedFd<'_>| libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    let mut polled: Vec<_> = fds.iter().map(polled).collect();
    let count = polled.len() as libc::nfds_t;
    // SAFETY: the array outlives the call; the length is its own.
    if unsafe { libc::poll(polled.as_mut_ptr(), count, milliseconds(timeout)) } < 0 {
        let error = io::Error::last_os_error();
        return match error.kind() {
            io::ErrorKind::Interrupted => Ok(vec![false; fds.len()]),
            _ => Err(error),
        };
    }
    // Of a descriptor that is there several times the kernel tells at one place only (`poll_nocancel` in XNU's
    // `bsd/kern/sys_generic.c` asks a queue, which has it once).
    let ready: HashSet<_> = polled.iter().filter(|fd| fd.revents != 0).map(|fd| fd.fd).collect();
    Ok(polled.iter().map(|fd| ready.contains(&fd.fd)).collect())
}

/// Rounded up; -1 is for ever.
fn milliseconds(timeout: Option<Duration>) -> libc::c_int {
    timeout.map_or(-1, |left| {
        libc::c_int::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(libc::c_int::MAX)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::{milliseconds, readable, writable};

    #[test]
    fn what_is_ready_is_told() {
        let (mut quiet, loud) = UnixStream::pair().expect("sockets");
        let (gone, alone) = UnixStream::pair().expect("sockets");
        drop(gone);
        quiet.write_all(b"x").expect("room");
        // One of them twice.
        let fds = [quiet.as_fd(), loud.as_fd(), alone.as_fd(), loud.as_fd()];
        assert_eq!(readable(&fds, None).expect("an answer"), [false, true, true, true]);
        assert!(fds.iter().all(|fd| writable(*fd, None).expect("an answer")));
    }

    #[test]
    fn a_time_is_not_over_before_it_is() {
        assert_eq!(milliseconds(Some(Duration::from_nanos(1))), 1);
        assert_eq!(milliseconds(Some(Duration::ZERO)), 0);
        assert_eq!(milliseconds(Some(Duration::MAX)), libc::c_int::MAX);
        assert_eq!(milliseconds(None), -1);
    }
}
