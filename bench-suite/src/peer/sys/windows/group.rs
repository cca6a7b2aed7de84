//! Groups of processes, so that a runner is killed with whatever it has started: jobs.
//!
//! The suite and the leader have the only handles of a job, and when the last is closed the system ends what is left of it.
//! So if the suite is killed, the leader has the time to remove its files, and takes the others with it when it ends.
#![expect(unsafe_code, reason = "job objects have no safe form")]

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::{self, Child, Command, ExitStatus};
use std::ptr;
use std::time::Duration;

use ipc::wait;
use windows_sys::Win32::Foundation::{DUPLICATE_SAME_ACCESS, DuplicateHandle};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    CREATE_SUSPENDED, GetCurrentProcess, OpenProcess, OpenThread, PROCESS_TERMINATE, ResumeThread,
    THREAD_SUSPEND_RESUME, TerminateProcess,
};

use super::crash;
use super::object::{checked, owned};
use super::snapshot::threads_of;

/// What those exit with that are killed.
const KILLED: u32 = 9;

/// A process and all that it starts.
#[derive(Debug)]
pub(crate) struct Group {
    /// The first of them.
    pub(crate) leader: Child,
    job: OwnedHandle,
}

impl Group {
    /// Starts what the command says as the first of a group of its own.
    pub(crate) fn start(command: &mut Command) -> io::Result<Group> {
        let job = job()?;
        // It runs when it is in its job: what it starts is in it, too. Were the suite killed before that, it would stay
        // suspended: std starts nothing in a job.
        let leader = command.creation_flags(CREATE_SUSPENDED).spawn()?;
        let mut group = Group { leader, job };
        match group.release() {
            Ok(()) => Ok(group),
            Err(error) => {
                // Why it cannot be started says more than how it ends.
                let _ = group.leader.kill().and_then(|()| group.leader.wait());
                Err(error)
            }
        }
    }

    fn release(&self) -> io::Result<()> {
        let (job, leader) = (self.job.as_raw_handle(), self.leader.as_raw_handle());
        // SAFETY: a job and a process that are open.
        checked(unsafe { AssignProcessToJobObject(job, leader) })?;
        // SAFETY: as above. The new handle is the leader's, which keeps it until it ends.
        checked(unsafe {
            let (this, same) = (GetCurrentProcess(), DUPLICATE_SAME_ACCESS);
            DuplicateHandle(this, job, leader, ptr::null_mut(), 0, 0, same)
        })?;
        for thread in threads_of(self.leader.id())? {
            // SAFETY: takes numbers. The handle is new.
            let thread = unsafe { owned(OpenThread(THREAD_SUSPEND_RESUME, 0, thread)) }?;
            // SAFETY: a thread that is open. It says how often the thread was suspended.
            if unsafe { ResumeThread(thread.as_raw_handle()) } == u32::MAX {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    }

    /// Whether the first has ended; waits at most so long for that.
    pub(crate) fn has_ended(&self, patience: Duration) -> bool {
        let leader = self.leader.as_handle();
        wait(&[&leader], Some(patience)).is_ok_and(|ended| !ended.is_empty())
    }

    /// Kills every process of the group, and gives how the first ended: by this, unless it had before.
    pub(crate) fn kill(&mut self) -> io::Result<ExitStatus> {
        // SAFETY: a job that is open.
        unsafe { TerminateJobObject(self.job.as_raw_handle(), KILLED) };
        self.leader.wait()
    }
}

/// A job that ends with its last handle.
fn job() -> io::Result<OwnedHandle> {
    // SAFETY: no attributes, no name. The handle is new.
    let job = unsafe { owned(CreateJobObjectW(ptr::null(), ptr::null())) }?;
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    let size = size_of_val(&limits) as u32;
    let (class, limits) = (JobObjectExtendedLimitInformation, (&raw const limits).cast());
    // SAFETY: a job that is open, and a local of the class's type and size.
    checked(unsafe { SetInformationJobObject(job.as_raw_handle(), class, limits, size) })?;
    Ok(job)
}

/// Ends this process, and with it the group that it leads.
pub(crate) fn end() -> ! {
    // SAFETY: of this process itself, which does not come back: what it would do at its exit may hang.
    unsafe { TerminateProcess(GetCurrentProcess(), 1) };
    process::exit(1)
}

/// Kills a process that is known to be there.
pub(crate) fn kill_one(process: u32) -> io::Result<()> {
    // SAFETY: takes numbers. The handle is new.
    let process = unsafe { owned(OpenProcess(PROCESS_TERMINATE, 0, process)) }?;
    // SAFETY: a process that is open.
    checked(unsafe { TerminateProcess(process.as_raw_handle(), KILLED) })
}

/// Whether that is how a process ends that used memory it has not.
pub(crate) fn crashed(status: ExitStatus) -> bool {
    status.code().is_some_and(crash::is_of_one)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::{ChildStdout, Command, Stdio};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::Group;

    const LONG: Duration = Duration::from_secs(60);

    /// A leader, and one that it has started and that waits for a line. Whoever holds the output lives.
    fn two() -> (Group, ChildStdout) {
        let mut command = Command::new("cmd");
        command.args(["/c", "cmd /c set /p line=there"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut group = Group::start(&mut command).unwrap();
        let mut output = group.leader.stdout.take().unwrap();
        // The second says so.
        output.read_exact(&mut [0]).unwrap();
        (group, output)
    }

    #[test]
    fn a_group_that_is_killed_leaves_nobody() {
        let (mut group, mut output) = two();
        // A wait for the leader would close it.
        let _input = group.leader.stdin.take();
        assert!(!group.has_ended(Duration::ZERO));
        assert_eq!(group.kill().unwrap().code(), Some(9));
        let (ended, has_ended) = mpsc::channel();
        thread::spawn(move || ended.send(output.read_to_end(&mut Vec::new())));
        assert!(has_ended.recv_timeout(LONG).is_ok());
    }

    #[test]
    fn a_leader_that_ends_by_itself_is_seen_to() {
        let (mut group, _output) = two();
        drop(group.leader.stdin.take());
        assert!(group.has_ended(LONG));
        group.leader.wait().unwrap();
    }
}
