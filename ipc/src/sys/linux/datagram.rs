//! A connected pair of sockets that keeps message borders.
#![expect(unsafe_code, reason = "socketpair and getsockopt are foreign functions")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// A connected pair, both ends close-on-exec.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: the kernel writes two integers into the array.
    if unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us both descriptors and nobody else knows them.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

/// Whether `fd` is an end of such a pair.
pub(crate) fn is_pair_end(fd: BorrowedFd<'_>) -> bool {
    option(fd, libc::SO_DOMAIN) == Some(libc::AF_UNIX)
        && option(fd, libc::SO_TYPE) == Some(libc::SOCK_SEQPACKET)
}

/// The process that made the pair that `fd` is an end of, by the id that it has for this process: none
/// if it is in a PID namespace that this process cannot see.
pub(crate) fn maker(fd: BorrowedFd<'_>) -> io::Result<Option<u32>> {
    let mut maker = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut len = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes, the size of the structure behind the pointer.
    let done = unsafe {
        let maker = (&raw mut maker).cast();
        libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, maker, &raw mut len)
    };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(u32::try_from(maker.pid).ok().filter(|pid| *pid != 0))
    }
}

fn option(fd: BorrowedFd<'_>, name: i32) -> Option<i32> {
    let mut value = 0i32;
    let mut len = size_of::<i32>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes, the size of the integer behind the pointer.
    let done = unsafe {
        let value = (&raw mut value).cast();
        libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, name, value, &raw mut len)
    };
    (done == 0).then_some(value)
}
