//! The end of a child, by way of its number and a kernel event queue.
//!
//! A number is the child's until that is reaped, which happens here alone and not while a signal is on its way, so nothing
//! done through this can hit a stranger. Should something else in this process reap it (a `waitpid` for any child), the kernel
//! says so before a signal is sent.
#![expect(unsafe_code, reason = "kill is a foreign function")]

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::parent_id;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipc::rendezvous;

use crate::sys::fate::{Fate, Signal};
use crate::sys::unix::status;
pub(crate) use crate::sys::unix::status::{
    Ending, describe_crash, discard, ending, exitcode, exited,
};

/// One process.
#[derive(Debug)]
pub(crate) struct Reference {
    id: u32,
    end: rendezvous::Sentinel,
    /// Whether the number may be another's by now.
    is_reaped: Mutex<bool>,
}

impl Reference {
    /// The parent of this process, which has this id. None if it has ended.
    pub(crate) fn open_parent(id: u32) -> Option<Self> {
        // Taken first and checked second: a process id that was given away in between would not be
        // that of our parent.
        let end = rendezvous::Sentinel::open(id).ok().flatten()?;
        (parent_id() == id).then_some(Self { id, end, is_reaped: Mutex::new(false) })
    }

    /// A child that was started with this id and may be gone already, reaped by somebody else.
    pub(crate) fn of_child(id: u32) -> io::Result<Self> {
        let end = rendezvous::Sentinel::of_child(id)?;
        Ok(Self { id, end, is_reaped: Mutex::new(false) })
    }

    /// For somebody else to watch the same process by.
    pub(crate) fn try_clone(&self) -> io::Result<rendezvous::Sentinel> {
        Ok(self.end.clone())
    }

    /// Sends a signal, to a child. To one that has ended this is no error.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        let is_reaped = self.is_reaped();
        if *is_reaped || self.is_nobodys_child() {
            return Ok(());
        }
        // SAFETY: takes integers.
        if unsafe { libc::kill(self.id as libc::pid_t, signal.number()) } < 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(libc::ESRCH) {
                return Err(error);
            }
        }
        Ok(())
    }

    /// How the child ended, if it has. It is reaped unless `WNOWAIT` is among the flags.
    pub(in crate::sys) fn wait_id(&self, flags: libc::c_int) -> io::Result<Option<Fate>> {
        let mut is_reaped = self.is_reaped();
        if !self.has_ended()? {
            return Ok(None);
        }
        if *is_reaped {
            return Ok(Some(Fate::Unknown));
        }
        // The kernel tells of an end a moment before there is a status (`proc_exit` in XNU's `bsd/kern/kern_exit.c`), with
        // nothing of the process's own in between: that long it sleeps, and keeps the number from being reaped.
        match status::wait_id(libc::P_PID, self.id, flags) {
            Ok(status) => {
                *is_reaped = flags & libc::WNOWAIT == 0;
                Ok(status.map(Fate::Ended))
            }
            // No child of ours, or no more.
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => {
                *is_reaped = true;
                Ok(Some(Fate::Unknown))
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until the kernel says how the child did end; with that [`reap`](Self::reap) waits itself.
    pub(crate) fn wait_for_status(&self) {
        let _ = self.wait(None);
    }

    /// Whether something else has reaped it.
    fn is_nobodys_child(&self) -> bool {
        let looked = status::wait_id(libc::P_PID, self.id, libc::WNOWAIT | libc::WNOHANG);
        looked.is_err_and(|error| error.raw_os_error() == Some(libc::ECHILD))
    }

    fn is_reaped(&self) -> MutexGuard<'_, bool> {
        self.is_reaped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A kernel event queue, which is readable once the process has ended.
impl AsFd for Reference {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }
}
