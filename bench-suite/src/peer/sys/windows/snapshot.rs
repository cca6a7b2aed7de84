//! All processes and threads there are.
#![expect(unsafe_code, reason = "asks the system, which std does not")]

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};

use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CREATE_TOOLHELP_SNAPSHOT_FLAGS, CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW,
    Process32NextW, TH32CS_SNAPPROCESS, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First,
    Thread32Next,
};

use super::object::owned;

/// Every process, and its parent's id, which may be another's by now.
pub(super) fn processes() -> io::Result<Vec<(u32, u32)>> {
    let snapshot = take(TH32CS_SNAPPROCESS)?;
    let mut entry = PROCESSENTRY32W::default();
    entry.dwSize = size_of_val(&entry) as u32;
    let (mut all, handle) = (Vec::new(), snapshot.as_raw_handle());
    // SAFETY: a snapshot of processes, and a local of the size that it says.
    let mut is_one = unsafe { Process32FirstW(handle, &raw mut entry) };
    while is_one != 0 {
        all.push((entry.th32ProcessID, entry.th32ParentProcessID));
        // SAFETY: as above.
        is_one = unsafe { Process32NextW(handle, &raw mut entry) };
    }
    Ok(all)
}

/// The ids of the threads of a process.
pub(super) fn threads_of(process: u32) -> io::Result<Vec<u32>> {
    let snapshot = take(TH32CS_SNAPTHREAD)?;
    let mut entry = THREADENTRY32::default();
    entry.dwSize = size_of_val(&entry) as u32;
    let (mut all, handle) = (Vec::new(), snapshot.as_raw_handle());
    // SAFETY: a snapshot of threads, and a local of the size that it says.
    let mut is_one = unsafe { Thread32First(handle, &raw mut entry) };
    while is_one != 0 {
        all.extend((entry.th32OwnerProcessID == process).then_some(entry.th32ThreadID));
        // SAFETY: as above.
        is_one = unsafe { Thread32Next(handle, &raw mut entry) };
    }
    Ok(all)
}

fn take(what: CREATE_TOOLHELP_SNAPSHOT_FLAGS) -> io::Result<OwnedHandle> {
    // SAFETY: takes numbers. The handle is new.
    unsafe { owned(CreateToolhelp32Snapshot(what, 0)) }
}
