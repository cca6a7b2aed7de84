//! A process that may have no descriptor more, as sandboxes have it, and fewer than it has.
#![cfg(target_os = "linux")]

mod watchdog;

use std::process::{self, Command};
use std::time::Duration;

use ipc::{Receiver, RecvError, Sender, wait};
use proc_spawn::{JoinError, Process};
use watchdog::watch;

proc_spawn::enable_test_support!();

/// From now on the kernel gives this process no descriptor, and refuses what it counts descriptors for.
fn give_up_descriptors() {
    let me = process::id().to_string();
    let given_up = Command::new("prlimit").args(["--pid", &me, "--nofile=0:0"]).status();
    assert!(given_up.expect("there is a prlimit command").success());
}

fn hold(_sender: Sender<()>, end: Receiver<()>) {
    let _ = end.recv();
}

fn hear_of_ends() {
    let (sender, receiver) = ipc::channel(1).unwrap();
    let (end, ends) = ipc::channel(1).unwrap();
    let mut child = Process::spawn(hold, (sender, ends)).unwrap();
    give_up_descriptors();
    let moment = Duration::from_millis(1);
    assert!(child.join_timeout(moment).is_none());
    assert!(matches!(receiver.recv_timeout(moment), Err(RecvError::Timeout)));
    assert_eq!(wait(&[child.sentinel()], Some(moment)).unwrap(), []);
    child.kill().unwrap();
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
    assert_eq!(wait(&[child.sentinel()], None).unwrap(), [0]);
    assert!(matches!(child.join(), Err(JoinError::Crashed { signal: 9, .. })));
    drop(end);
}

#[test]
fn a_parent_that_may_have_no_descriptor_more_hears_of_ends() {
    let _watchdog = watch("a parent without descriptors");
    Process::spawn(hear_of_ends, ()).unwrap().join().unwrap();
}
