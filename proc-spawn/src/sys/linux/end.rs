//! The end of a child, by way of its pidfd.
//!
//! A pidfd means one process for as long as it is open, so nothing done through it can hit a
//! stranger that was given the same process id.
#![expect(unsafe_code, reason = "pidfd_open and pidfd_send_signal have no safe form")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::parent_id;
use std::ptr;

use ipc::rendezvous;

use crate::sys::fate::{Fate, Signal};
use crate::sys::unix::status;
pub(crate) use crate::sys::unix::status::{
    Ending, describe_crash, discard, ending, exitcode, exited,
};

/// One process.
#[derive(Debug)]
pub(crate) struct Reference {
    /// A pidfd; or, of a process that is gone, anything that is as readable as one.
    fd: OwnedFd,
    gone: bool,
}

impl Reference {
    /// The process that has the id now. For a child that is the right one until it is reaped.
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        // SAFETY: takes two integers and touches no memory of ours.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid as libc::pid_t, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave us this descriptor and nobody else knows it.
        Ok(Self { fd: unsafe { OwnedFd::from_raw_fd(fd as i32) }, gone: false })
    }

    /// The parent of this process, which has this id. None if it has ended.
    pub(crate) fn open_parent(id: u32) -> Option<Self> {
        // Taken first and checked second: a process id that was given away in between would not be
        // that of our parent.
        let parent = Self::open(id).ok();
        parent.filter(|_| parent_id() == id)
    }

    /// A child that was started with this id and may be gone already, reaped by somebody else.
    pub(crate) fn of_child(pid: u32) -> io::Result<Self> {
        match Self::open(pid) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {
                // The end of a pipe that nobody can write to is readable for ever.
                let (fd, _) = io::pipe()?;
                Ok(Self { fd: fd.into(), gone: true })
            }
            other => other,
        }
    }

    /// For somebody else to watch the same process by.
    pub(crate) fn try_clone(&self) -> io::Result<rendezvous::Sentinel> {
        self.fd.try_clone().map(rendezvous::Sentinel::from)
    }

    /// Sends a signal. To a process that has ended this is no error.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let (fd, number) = (self.fd.as_raw_fd(), signal.number());
        let info = ptr::null::<libc::siginfo_t>();
        // SAFETY: a null info asks for the usual one; no memory of ours is touched.
        if unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, number, info, 0) } < 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(libc::ESRCH) {
                return Err(error);
            }
        }
        Ok(())
    }

    /// How the child ended, if it has. It is reaped unless `WNOWAIT` is among the flags.
    pub(in crate::sys) fn wait_id(&self, flags: libc::c_int) -> io::Result<Option<Fate>> {
        if self.gone {
            return Ok(Some(Fate::Unknown));
        }
        let pidfd = self.fd.as_raw_fd() as libc::id_t;
        match status::wait_id(libc::P_PIDFD, pidfd, flags | libc::WNOHANG) {
            Ok(status) => Ok(status.map(Fate::Ended)),
            // No child of ours, or no more.
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => {
                Ok(self.has_ended()?.then_some(Fate::Unknown))
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until the kernel says how the child, which has ended, did: the debugger of one is told first.
    pub(crate) fn wait_for_status(&self) {
        let _ = status::wait_id(libc::P_PIDFD, self.fd.as_raw_fd() as libc::id_t, libc::WNOWAIT);
    }
}

/// Whether the id is that of a child of this process that was not reaped.
pub(in crate::sys) fn is_child(pid: u32) -> bool {
    status::wait_id(libc::P_PID, pid, libc::WNOWAIT | libc::WNOHANG).is_ok()
}

/// A pidfd, which is readable once the process has ended.
impl AsFd for Reference {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
