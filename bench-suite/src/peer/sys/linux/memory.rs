//! How much memory a family of processes has.

use std::fs;
use std::io;

/// What this process and all that descend from it have, in bytes: what several share counts by its share, and the text of
/// programs does not.
pub(crate) fn of_family() -> io::Result<u64> {
    let parents = parents()?;
    let (mut total, mut family) = (0, vec![std::process::id()]);
    while let Some(process) = family.pop() {
        // Who has ended meanwhile has nothing.
        total += share(process).unwrap_or(0);
        family.extend(parents.iter().filter(|(_, parent)| *parent == process).map(|(id, _)| id));
    }
    if total == 0 { Err(io::ErrorKind::Unsupported.into()) } else { Ok(total) }
}

/// The proportional set of a process, but for what it has of files: how many share the text of a program or of libc
/// depends on who else runs on the machine.
fn share(process: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let kib_of = |name: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some((kib_of("Pss_Anon:")? + kib_of("Pss_Shmem:")?) * 1024)
}

/// Every process, and its parent.
fn parents() -> io::Result<Vec<(u32, u32)>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // Its name stands in brackets and may contain anything; the state and the parent come behind.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
        parents.extend(parent.and_then(|parent| Some((process, parent.parse().ok()?))));
    }
    Ok(parents)
}

#[cfg(test)]
mod tests {
    use super::{of_family, parents};

    #[test]
    fn this_process_has_memory_and_a_parent() {
        assert!(of_family().unwrap() > 1 << 16);
        let this = std::process::id();
        assert!(parents().unwrap().iter().any(|(process, parent)| *process == this && *parent > 0));
    }
}
