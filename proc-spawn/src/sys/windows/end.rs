//! The end of a process, by way of its handle.
//!
//! A handle means one process for as long as it is open, so nothing done through it can hit a stranger that was given
//! the same process id. There are no signals: who ends a process says with which code, and these two are ours.
#![expect(unsafe_code, reason = "processes have no safe form")]

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::os::windows::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Instant;

use ipc::{Source, Waitable, rendezvous, wait};
use windows_sys::Win32::Foundation::{FILETIME, HANDLE};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetExitCodeProcess, GetProcessTimes, OpenProcess,
    PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, TerminateProcess,
};

use super::job::Job;
use super::object::{checked, owned};
use crate::sentinel::Sentinel;
use crate::sys::fate::{Fate, Signal};

/// Python's way to make an exit code of a signal's number that no program exits with.
const SIGNALS: u32 = 0x1_0000;
const TERMINATED: u32 = 15;
const KILLED: u32 = 9;

/// One process.
#[derive(Debug)]
pub(crate) struct Reference {
    process: OwnedHandle,
    /// Ends the process when it is dropped, also because this process ends.
    _job: Option<Job>,
}

impl Reference {
    /// A child of ours; a daemon comes with its job.
    pub(super) fn of_child(process: OwnedHandle, job: Option<Job>) -> Self {
        Self { process, _job: job }
    }

    /// The parent of this process, which has this id. None if it has ended.
    pub(crate) fn open_parent(id: u32) -> Option<Self> {
        let rights = PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION;
        // SAFETY: takes numbers. The handle is new.
        let process = unsafe { owned(OpenProcess(rights, 0, id)) }.ok()?;
        // One that was created after this one only has the number of our parent.
        // SAFETY: takes nothing, and what it gives need not be closed.
        let ours = created(unsafe { GetCurrentProcess() }).ok()?;
        let is_older = created(process.as_raw_handle()).ok()? <= ours;
        is_older.then_some(Self { process, _job: None })
    }

    /// For somebody else to watch the same process by.
    pub(crate) fn try_clone(&self) -> io::Result<rendezvous::Sentinel> {
        self.process.try_clone().map(rendezvous::Sentinel::from)
    }

    /// Ends it, a child of ours. For one that has ended this is no error.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        let number = match signal {
            Signal::Terminate => TERMINATED,
            Signal::Kill => KILLED,
        };
        // SAFETY: a process that is open.
        let ended = unsafe { TerminateProcess(self.process.as_raw_handle(), SIGNALS | number) };
        match checked(ended) {
            // It is being ended, or has been: a child's handle allows everything else.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            other => other,
        }
    }

    /// Sleeps until the process has ended, or until the time has passed; says whether it has ended.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> io::Result<bool> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        Ok(!wait(&[&self.process], left)?.is_empty())
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> io::Result<bool> {
        self.wait(Some(Instant::now()))
    }

    /// How the child ended, if it has.
    pub(crate) fn look(&self) -> io::Result<Option<Fate>> {
        if !self.has_ended()? {
            return Ok(None);
        }
        exit_code(self).map(|code| Some(Fate::Ended(ExitStatus::from_raw(code))))
    }

    /// The same: the id is free once no handle is left.
    pub(crate) fn reap(&self) -> io::Result<Option<Fate>> {
        self.look()
    }

    /// Waits until the system says how the child did end: there is nothing between the two.
    pub(crate) fn wait_for_status(&self) {
        let _ = self.wait(None);
    }
}

fn exit_code(reference: &Reference) -> io::Result<u32> {
    let mut code = 0;
    // SAFETY: a process that is open, and a local to write to.
    checked(unsafe { GetExitCodeProcess(reference.process.as_raw_handle(), &raw mut code) })?;
    Ok(code)
}

/// When a process was created.
fn created(process: HANDLE) -> io::Result<u64> {
    let mut times = [FILETIME::default(); 4];
    let [created, exited, kernel, user] = times.each_mut().map(std::ptr::from_mut);
    // SAFETY: a process that is open, and locals to write to.
    checked(unsafe { GetProcessTimes(process, created, exited, kernel, user) })?;
    Ok(u64::from(times[0].dwHighDateTime) << 32 | u64::from(times[0].dwLowDateTime))
}

/// A handle of the process, which is signalled once that has ended.
impl AsHandle for Sentinel {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.process.as_handle()
    }
}

impl Waitable for Sentinel {
    fn source(&self) -> Source<'_> {
        Source::object(self.as_handle())
    }
}

/// The two ways to end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// It exited.
    Code(i32),
    /// It was ended by us, or by an exception that nobody handled.
    Signal { signal: i32, core_dumped: bool },
}

/// The status of a process that exited with this code.
pub(crate) fn exited(code: u8) -> ExitStatus {
    ExitStatus::from_raw(code.into())
}

/// What a status says.
pub(crate) fn ending(status: ExitStatus) -> Ending {
    let code = status.code().unwrap_or_default();
    let signal = match code as u32 {
        word if word == SIGNALS | KILLED || word == SIGNALS | TERMINATED => word & !SIGNALS,
        // Errors of the system itself; a break or a single step that nobody debugs.
        word @ (0xc000_0000..=0xcfff_ffff | 0x8000_0003 | 0x8000_0004) => word,
        _ => return Ending::Code(code),
    };
    Ending::Signal { signal: signal as i32, core_dumped: false }
}

/// The code that it exited with, or -9 and -15 if we have ended it.
pub(crate) fn exitcode(status: ExitStatus) -> i32 {
    match ending(status) {
        Ending::Signal { signal: signal @ 0.., .. } => -signal,
        Ending::Signal { signal: code, .. } | Ending::Code(code) => code,
    }
}

/// How the process ended.
pub(crate) fn describe_crash(signal: i32, _core_dumped: bool) -> String {
    match signal as u32 {
        KILLED => "the process was killed".to_owned(),
        TERMINATED => "the process was terminated".to_owned(),
        status => {
            let name = exception_name(status).map(|name| format!(" ({name})")).unwrap_or_default();
            format!("the process was ended by exception {status:#010x}{name}")
        }
    }
}

/// What people call an exception.
fn exception_name(status: u32) -> Option<&'static str> {
    Some(match status {
        0x8000_0003 => "breakpoint",
        0xc000_0005 => "access violation",
        0xc000_001d => "illegal instruction",
        0xc000_0094 => "division by zero",
        0xc000_00fd => "stack overflow",
        0xc000_013a => "interrupt",
        0xc000_0374 => "heap corruption",
        0xc000_0409 => "abort",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::os::windows::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::{describe_crash, exitcode};

    #[test]
    fn a_negative_exit_code_is_no_crash_and_a_status_of_the_system_is_one() {
        let code = |word: u32| exitcode(ExitStatus::from_raw(word));
        assert_eq!([code(0), code(7), code(u32::MAX)], [0, 7, -1]);
        assert_eq!([code(0x1_0009), code(0x1_000f)], [-9, -15]);
        assert_eq!(code(0xc000_0005), 0xc000_0005_u32 as i32);
        let text = describe_crash(0xc000_0005_u32 as i32, false);
        assert_eq!(text, "the process was ended by exception 0xc0000005 (access violation)");
    }
}
