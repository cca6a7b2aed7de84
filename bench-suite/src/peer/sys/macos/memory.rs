//! How much memory a family of processes has.
#![expect(unsafe_code, reason = "asks the system about processes")]

use std::io;
use std::mem;

/// What this process and all that descend from it have, in bytes, as the system counts what a process is charged for:
/// without the text of programs.
pub(crate) fn of_family() -> io::Result<u64> {
    let (mut total, mut family) = (0, vec![std::process::id()]);
    while let Some(process) = family.pop() {
        // Who has ended meanwhile has nothing.
        total += footprint(process).unwrap_or(0);
        family.extend(children(process)?);
    }
    if total == 0 { Err(io::ErrorKind::Unsupported.into()) } else { Ok(total) }
}

fn footprint(process: u32) -> Option<u64> {
    // SAFETY: an all-zero one is a value of it.
    let mut usage: libc::rusage_info_v4 = unsafe { mem::zeroed() };
    let (process, usage_at) = (process.cast_signed(), (&raw mut usage).cast());
    // SAFETY: writes one of that flavour.
    let done = unsafe { libc::proc_pid_rusage(process, libc::RUSAGE_INFO_V4, usage_at) };
    (done == 0).then_some(usage.ri_phys_footprint)
}

/// The children of a process; none of one that has ended.
fn children(process: u32) -> io::Result<Vec<u32>> {
    let mut ids = vec![0_u32; 64];
    loop {
        let size = size_of_val(&ids[..]) as libc::c_int;
        let ids_at = ids.as_mut_ptr().cast();
        // SAFETY: writes at most that many bytes.
        let count = unsafe { libc::proc_listchildpids(process.cast_signed(), ids_at, size) };
        let Ok(count) = usize::try_from(count) else { return Err(io::Error::last_os_error()) };
        if count < ids.len() {
            ids.truncate(count);
            return Ok(ids);
        }
        // There may be more.
        ids.resize(2 * ids.len(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::{children, of_family};

    #[test]
    fn this_process_has_memory_and_is_a_child() {
        assert!(of_family().unwrap() > 1 << 16);
        let parent = std::os::unix::process::parent_id();
        assert!(children(parent).unwrap().contains(&std::process::id()));
    }
}
