//! How much memory a family of processes has.
#![expect(unsafe_code, reason = "asks the system about processes")]

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::Threading::{
    GetProcessTimes, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION,
};

use super::object::{checked, owned};
use super::snapshot::processes;

/// What this process and all that descend from it have, in bytes: what the system has promised to each alone.
pub(crate) fn of_family() -> io::Result<u64> {
    match family()?.into_iter().map(|(_, bytes)| bytes).sum() {
        0 => Err(io::ErrorKind::Unsupported.into()),
        total => Ok(total),
    }
}

/// This process and all that descend from it, and what each has.
fn family() -> io::Result<Vec<(u32, u64)>> {
    let all = processes()?;
    let (mut family, mut open) = (Vec::new(), vec![(std::process::id(), 0)]);
    while let Some((process, parent_created)) = open.pop() {
        // Who has ended meanwhile has nothing.
        let Ok((created, bytes)) = look_at(process) else { continue };
        // One that is older only has the number of its parent in common with its children.
        if created < parent_created {
            continue;
        }
        family.push((process, bytes));
        let children = all.iter().filter(|(_, parent)| *parent == process);
        open.extend(children.map(|(child, _)| (*child, created)));
    }
    Ok(family)
}

/// When a process was created, and its memory.
fn look_at(process: u32) -> io::Result<(u64, u64)> {
    // SAFETY: takes numbers. The handle is new.
    let process = unsafe { owned(OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, process)) }?;
    Ok((created(&process)?, private_bytes(&process)?))
}

fn created(process: &OwnedHandle) -> io::Result<u64> {
    let mut times = [FILETIME::default(); 4];
    let [created, exited, kernel, user] = times.each_mut().map(std::ptr::from_mut);
    let process = process.as_raw_handle();
    // SAFETY: a process that is open, and locals to write to.
    checked(unsafe { GetProcessTimes(process, created, exited, kernel, user) })?;
    Ok(u64::from(times[0].dwHighDateTime) << 32 | u64::from(times[0].dwLowDateTime))
}

fn private_bytes(process: &OwnedHandle) -> io::Result<u64> {
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = size_of_val(&counters) as u32;
    // SAFETY: a process that is open, and a local of that size.
    checked(unsafe { K32GetProcessMemoryInfo(process.as_raw_handle(), &raw mut counters, size) })?;
    // Since Windows 8 it is what other structures call the private usage.
    Ok(counters.PagefileUsage as u64)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::{family, of_family};

    #[test]
    fn this_process_and_its_child_are_a_family_with_memory() {
        assert!(of_family().unwrap() > 1 << 16);
        let mut command = Command::new("cmd");
        command.args(["/c", "echo there&set /p line="]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let is_there = child.stdout.as_mut().unwrap().read_exact(&mut [0]);
        let family = family();
        child.kill().unwrap();
        child.wait().unwrap();
        is_there.unwrap();
        let family = family.unwrap();
        for member in [std::process::id(), child.id()] {
            let has = |(process, bytes): &(u32, u64)| *process == member && *bytes > 1 << 16;
            assert!(family.iter().any(has), "{member} in {family:?}");
        }
    }
}
