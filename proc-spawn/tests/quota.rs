//! What a control group's quota leaves of the processors.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "makes a namespace and mounts files in it")]

mod watchdog;

use std::ffi::CString;
use std::fs;
use std::io;
use std::path::Path;

use proc_spawn::{Process, cpu_count};
use watchdog::watch;

proc_spawn::enable_test_support!();

/// Where the system shows control groups.
const GROUPS: &str = "/sys/fs/cgroup";

fn checked(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn mount(source: &str, target: &str, kind: &str, flags: libc::c_ulong) -> io::Result<()> {
    let [source, target, kind] = [source, target, kind].map(|text| CString::new(text).unwrap());
    // SAFETY: three texts that end with a zero and outlive the call, and no data.
    checked(unsafe {
        libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, std::ptr::null())
    })
}

/// Shows this thread made-up control groups, of which it is in the inner one.
fn pretend(inner: &str, outer: &str) -> io::Result<()> {
    // SAFETY: takes a number; from here on this thread's mounts are its own.
    checked(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
    mount("none", "/", "none", libc::MS_REC | libc::MS_PRIVATE)?;
    mount("none", GROUPS, "tmpfs", 0)?;
    let group = Path::new(GROUPS).join("outer/inner");
    fs::create_dir_all(&group)?;
    fs::write(group.join("cgroup.controllers"), "cpu\n")?;
    fs::write(group.join("cpu.max"), inner)?;
    fs::write(Path::new(GROUPS).join("outer/cpu.max"), outer)?;
    let mine = format!("{GROUPS}/mine");
    fs::write(&mine, "0::/outer/inner\n")?;
    mount(&mine, "/proc/self/cgroup", "none", libc::MS_BIND)
}

/// What there is with these quotas; `None` where mounting is not permitted.
fn count_with(inner: String, outer: String) -> Option<usize> {
    match pretend(&inner, &outer) {
        Ok(()) => Some(cpu_count()),
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
            None
        }
    }
}

#[test]
fn a_quota_of_a_control_group_around_counts_in_whole_processors_and_at_least_one() {
    let _watchdog = watch("quotas");
    let all = cpu_count();
    let none = "max 100000\n";
    for (inner, outer, expected) in [
        (none, none, all),
        ("150000 100000\n", none, 1),
        ("1000 100000\n", none, 1),
        (none, "100000 100000\n", 1),
        ("999000 1000\n", "200000 100000\n", all.min(2)),
    ] {
        let child = Process::spawn(count_with, (inner.to_owned(), outer.to_owned())).unwrap();
        match child.join().unwrap() {
            Some(count) => assert_eq!(count, expected, "{inner:?} within {outer:?}"),
            None => {
                return println!("skipped: this process may not mount anything (that takes root)");
            }
        }
    }
}
