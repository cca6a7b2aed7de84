//! A program cannot span PID namespaces.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "makes a namespace")]

mod watchdog;

use std::error::Error;
use std::io::{self, ErrorKind};

use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

fn nothing() {}

/// What comes of a child in a namespace of its own: `None` where making one is not permitted.
fn spawn_into_another_namespace() -> Option<String> {
    // The threads that look after children are there before: in a new namespace none can be made.
    Process::spawn(nothing, ()).unwrap().join().unwrap();
    // SAFETY: takes a number; from here on children of this process are in the new namespace.
    if unsafe { libc::unshare(libc::CLONE_NEWPID) } != 0 {
        let error = io::Error::last_os_error();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
        return None;
    }
    let outcome: Result<(), Box<dyn Error>> = match Process::spawn(nothing, ()) {
        Ok(child) => child.join().map_err(Into::into),
        Err(error) => Err(error.into()),
    };
    let error = outcome.expect_err("a child in another namespace is refused");
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    Some(told)
}

#[test]
fn a_child_in_another_pid_namespace_is_refused_with_the_reason() {
    let _watchdog = watch("a child in another namespace");
    let child = Process::spawn(spawn_into_another_namespace, ()).unwrap();
    match child.join().unwrap() {
        Some(told) => assert!(told.contains("cannot span PID namespaces"), "{told}"),
        None => println!("skipped: this process may not make a PID namespace (that takes root)"),
    }
}
