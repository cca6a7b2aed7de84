//! Kernel event queues.
#![expect(unsafe_code, reason = "kqueue, kevent and fcntl are foreign functions")]

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

/// A queue of events. Its descriptor can be read when there is one in it.
#[derive(Debug)]
pub(super) struct Queue {
    fd: ManuallyDrop<OwnedFd>,
    /// A forked child does not have it (`kqueue(2)`), and something else may have its number there.
    process: u32,
}

/// An event to ask for, or a change of it. It is known by what it is about and its filter.
pub(super) fn event(ident: usize, filter: i16, flags: u16, fflags: u32) -> libc::kevent {
    libc::kevent { ident, filter, flags, fflags, data: 0, udata: ptr::null_mut() }
}

impl Queue {
    pub(super) fn new() -> io::Result<Queue> {
        // SAFETY: takes nothing and touches no memory of ours.
        let fd = unsafe { libc::kqueue() };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
        let fd = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(fd) });
        let queue = Queue { fd, process: std::process::id() };
        // A process that is started does not get it in any case. This is for an exec.
        // SAFETY: takes integers and touches no memory of ours.
        if unsafe { libc::fcntl(queue.fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(queue)
    }

    fn number(&self) -> io::Result<RawFd> {
        if self.process == std::process::id() {
            Ok(self.fd.as_raw_fd())
        } else {
            Err(io::Error::new(io::ErrorKind::Unsupported, "a forked process has no such queue"))
        }
    }

    /// Asks for an event, or changes or ends that.
    pub(super) fn change(&self, change: libc::kevent) -> io::Result<()> {
        let (queue, none, now) = (self.number()?, ptr::null_mut(), ptr::null());
        // SAFETY: the kernel reads one event, and has no room for any of its own: it reports an error as such.
        let done = unsafe { libc::kevent(queue, &raw const change, 1, none, 0, now) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Sleeps until there is an event, for at most `timeout` (`None`: for ever), or until a signal comes, and tells
    /// how many it took. One that is asked for with `EV_CLEAR` is out of the queue then; any other stays as long
    /// as it is true, and is taken out when it is not.
    pub(super) fn take(
        &self,
        into: &mut [libc::kevent],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let limit = timeout.map(|left| libc::timespec {
            tv_sec: left.as_secs().min(i32::MAX as u64) as libc::time_t,
            tv_nsec: left.subsec_nanos().into(),
        });
        let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
        let (queue, no_change) = (self.number()?, ptr::null());
        let room = into.len() as libc::c_int;
        // SAFETY: the kernel writes at most as many events as there is room for, and reads a time that outlives
        // the call, if it is not null.
        let count = unsafe { libc::kevent(queue, no_change, 0, into.as_mut_ptr(), room, limit) };
        if count >= 0 {
            return Ok(count as usize);
        }
        let error = io::Error::last_os_error();
        if error.kind() == io::ErrorKind::Interrupted { Ok(0) } else { Err(error) }
    }
}

impl AsFd for Queue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if self.process == std::process::id() {
            // SAFETY: dropped once, here.
            unsafe { ManuallyDrop::drop(&mut self.fd) };
        }
    }
}
