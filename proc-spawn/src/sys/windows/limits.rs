//! What the system allows this process: by a job of its own, and by what it asks for itself.
#![expect(unsafe_code, reason = "priorities and affinities are foreign functions")]

use std::io;
use std::time::Duration;

use windows_sys::Win32::System::JobObjects::{
    JOB_OBJECT_LIMIT_PROCESS_MEMORY, JOB_OBJECT_LIMIT_PROCESS_TIME,
};
use windows_sys::Win32::System::Threading::{
    ABOVE_NORMAL_PRIORITY_CLASS, BELOW_NORMAL_PRIORITY_CLASS, GetCurrentProcess,
    HIGH_PRIORITY_CLASS, IDLE_PRIORITY_CLASS, PROCESS_CREATION_FLAGS, SetPriorityClass,
    SetProcessAffinityMask,
};

use super::job::Job;
use super::object::checked;
use crate::settings::Limits;

/// Keeps to the limits from now on.
pub(crate) fn apply(limits: &Limits) -> io::Result<()> {
    if limits.memory.is_some() || limits.cpu_time.is_some() {
        let memory = limits.memory.map_or(0, |_| JOB_OBJECT_LIMIT_PROCESS_MEMORY);
        let time = limits.cpu_time.map_or(0, |_| JOB_OBJECT_LIMIT_PROCESS_TIME);
        // It stays as long as there is a process in it.
        let job = Job::new()?;
        job.limit(memory | time, |all| {
            all.ProcessMemoryLimit = limits.memory.map_or(0, |bytes| bytes as usize);
            all.BasicLimitInformation.PerProcessUserTimeLimit = limits.cpu_time.map_or(0, ticks);
        })?;
        job.join()?;
    }
    if let Some(class) = limits.nice.and_then(priority) {
        // SAFETY: of this process itself.
        checked(unsafe { SetPriorityClass(GetCurrentProcess(), class) })?;
    }
    if let Some(processors) = &limits.affinity {
        // SAFETY: of this process itself.
        checked(unsafe { SetProcessAffinityMask(GetCurrentProcess(), mask(processors)?) })?;
    }
    Ok(())
}

/// In units of 100 ns. At least one second, as elsewhere, and whole seconds.
fn ticks(time: Duration) -> i64 {
    let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1);
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(10_000_000)
}

/// The class that comes next to so much niceness, if it is another than that of most processes.
fn priority(increment: i32) -> Option<PROCESS_CREATION_FLAGS> {
    Some(match increment {
        10.. => IDLE_PRIORITY_CLASS,
        1.. => BELOW_NORMAL_PRIORITY_CLASS,
        0 => return None,
        -9.. => ABOVE_NORMAL_PRIORITY_CLASS,
        _ => HIGH_PRIORITY_CLASS,
    })
}

/// A bit for each processor.
fn mask(processors: &[usize]) -> io::Result<usize> {
    processors.iter().try_fold(0, |mask, &processor| {
        let bit = u32::try_from(processor).ok().and_then(|shift| 1_usize.checked_shl(shift));
        let problem = "there is no such processor in this group of processors";
        bit.map(|bit| mask | bit)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, problem))
    })
}
