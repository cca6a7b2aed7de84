//! The signals that end a process, and the status that tells how one has ended.
#![expect(unsafe_code, reason = "kill, waitid and waitpid are foreign functions")]

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::{io, mem, ptr};

use crate::sys::fate::Signal;

impl Signal {
    pub(in crate::sys) fn number(self) -> libc::c_int {
        match self {
            Self::Terminate => libc::SIGTERM,
            Self::Kill => libc::SIGKILL,
        }
    }
}

/// Ends a child that nobody has been told of, and reaps it.
pub(crate) fn discard(pid: u32) {
    // SAFETY: takes integers, and a null pointer for a status that nobody wants. The id is the
    // child's until this reaps it.
    unsafe {
        libc::kill(pid as libc::pid_t, libc::SIGKILL);
        while libc::waitpid(pid as libc::pid_t, ptr::null_mut(), 0) < 0
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
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

/// The status of a process that exited with this code.
pub(crate) fn exited(code: u8) -> ExitStatus {
    ExitStatus::from_raw(wait_status(libc::CLD_EXITED, code.into()))
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

/// How the child of this number ended, as `waitid` says; none if it runs, unless it is to be waited for.
pub(in crate::sys) fn wait_id(
    kind: libc::idtype_t,
    id: libc::id_t,
    flags: libc::c_int,
) -> io::Result<Option<ExitStatus>> {
    loop {
        // SAFETY: an all-zero siginfo is a value of it.
        let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
        // SAFETY: the kernel writes one siginfo.
        if unsafe { libc::waitid(kind, id, &raw mut info, flags | libc::WEXITED) } == 0 {
            // SAFETY: waitid has filled in the fields of a child's end, or left the zeroes.
            let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
            let status = || ExitStatus::from_raw(wait_status(info.si_code, status));
            return Ok((pid != 0).then(status));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// The status word that `wait` would have given, from the two that `waitid` gives.
fn wait_status(code: libc::c_int, status: libc::c_int) -> libc::c_int {
    match code {
        libc::CLD_EXITED => (status & 0xff) << 8,
        libc::CLD_DUMPED => status & 0x7f | 0x80,
        _ => status & 0x7f,
    }
}
