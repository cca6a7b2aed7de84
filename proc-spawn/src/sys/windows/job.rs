//! Jobs: processes that the system ends together, or holds to limits.
#![expect(unsafe_code, reason = "job objects have no safe form")]

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::object::{checked, owned};

/// A job of one process: what that starts is not in it.
#[derive(Debug)]
pub(super) struct Job(OwnedHandle);

impl Job {
    /// One whose process ends when the last handle of the job is closed, also because who has it ends.
    pub(super) fn that_ends_with_us() -> io::Result<Self> {
        let job = Self::new()?;
        job.limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, |_| ())?;
        Ok(job)
    }

    /// One that limits nothing yet.
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: no attributes, no name. The handle is new.
        unsafe { owned(CreateJobObjectW(ptr::null(), ptr::null())) }.map(Self)
    }

    /// Lets its process live when the job is closed.
    pub(super) fn let_go(&self) -> io::Result<()> {
        self.limit(0, |_| ())
    }

    /// Sets all of its limits.
    pub(super) fn limit(
        &self,
        flags: JOB_OBJECT_LIMIT,
        fill: impl FnOnce(&mut JOBOBJECT_EXTENDED_LIMIT_INFORMATION),
    ) -> io::Result<()> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = flags | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
        fill(&mut limits);
        let size = size_of_val(&limits) as u32;
        let (class, limits) = (JobObjectExtendedLimitInformation, (&raw const limits).cast());
        // SAFETY: a job that is open, and a local of the class's type and size.
        checked(unsafe { SetInformationJobObject(self.handle(), class, limits, size) })
    }

    /// Puts this process into it.
    pub(super) fn join(&self) -> io::Result<()> {
        // SAFETY: a job that is open, and this process.
        checked(unsafe { AssignProcessToJobObject(self.handle(), GetCurrentProcess()) })
    }

    pub(super) fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }
}
