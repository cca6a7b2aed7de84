//! The end of a child, by way of its pidfd.
//!
//! A pidfd means one process for as long as it is open, so nothing done through it can hit a
//! stranger that was given the same process id.
#![expect(unsafe_code, reason = "pidfd_open, pidfd_send_signal and waitid have no safe form")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::{ExitStatusExt, parent_id};
use std::process::ExitStatus;
use std::ptr;
use std::time::Instant;

use ipc::{Source, Waitable, wait};

use crate::sentinel::Sentinel;

/// A request that a process end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    /// It may refuse, or clean up first.
    Terminate,
    /// It may not.
    Kill,
}

/// What can be said of how a child ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// As the kernel says.
    Ended(ExitStatus),
    /// Something else in this process has reaped it and been told how: a `waitpid` for any child,
    /// or SIGCHLD is ignored.
    Unknown,
}

impl Fate {
    /// The status, or exit code 255 for want of one.
    pub(crate) fn status(self) -> ExitStatus {
        match self {
            Self::Ended(status) => status,
            Self::Unknown => ExitStatus::from_raw(wait_status(libc::CLD_EXITED, 255)),
        }
    }
}

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

    /// Another descriptor of the same process.
    pub(crate) fn try_clone(&self) -> io::Result<OwnedFd> {
        self.fd.try_clone()
    }

    /// Sends a signal. To a process that has ended this is no error.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let number = match signal {
            Signal::Terminate => libc::SIGTERM,
            Signal::Kill => libc::SIGKILL,
        };
        let fd = self.fd.as_raw_fd();
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

    /// Sleeps until the process has ended, or until the time has passed; says whether it has ended.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> io::Result<bool> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        Ok(!wait(&[&self.fd], left)?.is_empty())
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> io::Result<bool> {
        self.wait(Some(Instant::now()))
    }

    /// How the child ended, if it has. It is not reaped by this.
    pub(crate) fn look(&self) -> io::Result<Option<Fate>> {
        self.wait_id(libc::WNOWAIT)
    }

    /// The same, and its process id is free from then on.
    pub(crate) fn reap(&self) -> io::Result<Option<Fate>> {
        self.wait_id(0)
    }

    fn wait_id(&self, flags: libc::c_int) -> io::Result<Option<Fate>> {
        if self.gone {
            return Ok(Some(Fate::Unknown));
        }
        let flags = flags | libc::WEXITED | libc::WNOHANG;
        loop {
            // SAFETY: an all-zero siginfo is a value of it.
            let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
            let fd = self.fd.as_raw_fd() as libc::id_t;
            // SAFETY: the kernel writes one siginfo.
            if unsafe { libc::waitid(libc::P_PIDFD, fd, &raw mut info, flags) } == 0 {
                // SAFETY: waitid has filled in the fields of a child's end, or left the zeroes.
                let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
                let status = || ExitStatus::from_raw(wait_status(info.si_code, status));
                return Ok((pid != 0).then(|| Fate::Ended(status())));
            }
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                Some(libc::EINTR) => {}
                // No child of ours, or no more.
                Some(libc::ECHILD) => return Ok(self.has_ended()?.then_some(Fate::Unknown)),
                _ => return Err(error),
            }
        }
    }
}

/// A pidfd, which is readable once the process has ended.
impl AsFd for Sentinel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }
}

impl Waitable for Sentinel {
    fn source(&self) -> Source<'_> {
        Source::descriptor(self.as_fd())
    }
}

/// Ends a child that nobody has been told of, and reaps it.
pub(crate) fn discard(pid: u32) {
    // SAFETY: takes integers, and a null pointer for a status that nobody wants. The id is the
    // child's until this reaps it.
    unsafe {
        libc::kill(pid as libc::pid_t, libc::SIGKILL);
        libc::waitpid(pid as libc::pid_t, ptr::null_mut(), 0);
    }
}

/// The two ways to end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// It exited.
    Code(i32),
    /// A signal ended it.
    Signal { signal: i32, core_dumped: bool },
}

/// What a status says.
pub(crate) fn ending(status: ExitStatus) -> Ending {
    match status.signal() {
        Some(signal) => Ending::Signal { signal, core_dumped: status.core_dumped() },
        None => Ending::Code(status.code().unwrap_or_default()),
    }
}

/// The code that it exited with, or the signal's number, negated.
pub(crate) fn exitcode(status: ExitStatus) -> i32 {
    match ending(status) {
        Ending::Code(code) => code,
        Ending::Signal { signal, .. } => -signal,
    }
}

/// How the process ended that a signal has ended.
pub(crate) fn describe_crash(signal: i32, core_dumped: bool) -> String {
    let name = signal_name(signal).map(|name| format!(" ({name})")).unwrap_or_default();
    let core = if core_dumped { ", core dumped" } else { "" };
    format!("the process was killed by signal {signal}{name}{core}")
}

/// What people call a signal.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGALRM => "SIGALRM",
        libc::SIGTERM => "SIGTERM",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGSYS => "SIGSYS",
        _ => return None,
    })
}

/// The status word that `wait` would have given, from the two that `waitid` gives.
fn wait_status(code: libc::c_int, status: libc::c_int) -> libc::c_int {
    match code {
        libc::CLD_EXITED => (status & 0xff) << 8,
        libc::CLD_DUMPED => status | 0x80,
        _ => status,
    }
}
