//! What counts as the death of a process on Linux alone.
#![cfg(target_os = "linux")]

mod watchdog;

use std::os::unix::process::CommandExt;
use std::process::Command;

use ipc::{RecvError, Sender, channel};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

#[test]
fn a_process_that_becomes_another_program_is_gone() {
    let _watchdog = watch("an exec");
    fn become_another(_sender: Sender<u32>) {
        let error = Command::new("sleep").arg("1000").exec();
        panic!("{error}");
    }
    let (sender, receiver) = channel(1).unwrap();
    let child = Process::spawn(become_another, sender).unwrap();
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
    child.kill().unwrap();
    child.join().unwrap_err();
}
