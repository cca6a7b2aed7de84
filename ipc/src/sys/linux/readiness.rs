//! Sleeping until descriptors are ready.
#![expect(unsafe_code, reason = "ppoll and pselect6 are foreign functions")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
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
    let mut limit = timeout.map(|left| libc::timespec {
        tv_sec: left.as_secs().min(i32::MAX as u64) as _,
        tv_nsec: left.subsec_nanos().into(),
    });
    let limit = limit.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    match poll(fds, events, limit) {
        // It refuses more than this process may have by now, though it has them: a sandbox may be allowed none.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => select(fds, events, limit),
        ready => ready,
    }
    .or_else(|error| match error.kind() {
        io::ErrorKind::Interrupted => Ok(vec![false; fds.len()]),
        _ => Err(error),
    })
}

fn poll(
    fds: &[BorrowedFd<'_>],
    events: libc::c_short,
    limit: *mut libc::timespec,
) -> io::Result<Vec<bool>> {
    let polled = |fd: &BorrowedFd<'_>| libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    let mut polled: Vec<_> = fds.iter().map(polled).collect();
    let count = polled.len() as libc::nfds_t;
    // SAFETY: the array and the time, if it is not null, outlive the call; the length is the array's.
    if unsafe { libc::ppoll(polled.as_mut_ptr(), count, limit, ptr::null()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(polled.iter().map(|fd| fd.revents != 0).collect())
}

/// Knows no limit, but takes time in proportion to the highest descriptor.
fn select(
    fds: &[BorrowedFd<'_>],
    events: libc::c_short,
    limit: *mut libc::timespec,
) -> io::Result<Vec<bool>> {
    const BITS: usize = libc::c_ulong::BITS as usize;
    let place = |fd: &BorrowedFd<'_>| {
        let number = fd.as_raw_fd() as usize;
        (number / BITS, 1 << (number % BITS))
    };
    let words = fds.iter().map(|fd| place(fd).0 + 1).max().unwrap_or(0);
    let mut set: Vec<libc::c_ulong> = vec![0; words];
    for (word, bit) in fds.iter().map(place) {
        set[word] |= bit;
    }
    let none = ptr::null_mut::<libc::c_ulong>();
    let (read, write) = match events {
        libc::POLLOUT => (none, set.as_mut_ptr()),
        _ => (set.as_mut_ptr(), none),
    };
    // SAFETY: the kernel reads and writes a bit for each number below the first argument, which the set has,
    // and a time that outlives the call, if it is not null.
    let ready = unsafe {
        let signals = ptr::null::<libc::c_void>();
        libc::syscall(libc::SYS_pselect6, words * BITS, read, write, none, limit, signals)
    };
    if ready < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(fds.iter().map(place).map(|(word, bit)| set[word] & bit != 0).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::ptr;
    use std::time::{Duration, Instant};

    use super::{poll, select};

    #[test]
    fn what_is_ready_is_told_in_both_ways() {
        let (mut quiet, loud) = UnixStream::pair().expect("sockets");
        let (gone, alone) = UnixStream::pair().expect("sockets");
        drop(gone);
        quiet.write_all(b"x").expect("room");
        // One of them twice.
        let fds = [quiet.as_fd(), loud.as_fd(), alone.as_fd(), loud.as_fd()];
        for ready in [poll, select] {
            let ready = |events| ready(&fds, events, ptr::null_mut()).expect("an answer");
            assert_eq!(ready(libc::POLLIN), [false, true, true, true]);
            assert_eq!(ready(libc::POLLOUT), [true, true, true, true]);
        }
    }

    #[test]
    fn a_time_limit_ends_both_of_them() {
        let (quiet, _other) = UnixStream::pair().expect("sockets");
        for ready in [poll, select] {
            let begun = Instant::now();
            let mut limit = libc::timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            let ready = ready(&[quiet.as_fd()], libc::POLLIN, &raw mut limit).expect("an answer");
            assert_eq!(ready, [false]);
            assert!(begun.elapsed() >= Duration::from_millis(20));
        }
    }
}
