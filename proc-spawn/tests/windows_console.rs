//! Ctrl-C, in a console of its own: this binary is started anew there, as another program.
#![cfg(windows)]
#![expect(unsafe_code, reason = "asks the system what safe code cannot")]

mod watchdog;

use std::env;
use std::os::windows::io::AsHandle;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};
use std::time::Duration;

use ipc::{Receiver, Sender, channel, wait};
use proc_spawn::{JoinError, Process};
use watchdog::watch;
use windows_sys::Win32::Foundation::STATUS_CONTROL_C_EXIT;
use windows_sys::Win32::System::Console::{
    CTRL_C_EVENT, GenerateConsoleCtrlEvent, SetConsoleCtrlHandler,
};
use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;

proc_spawn::enable_test_support!();

/// Nothing takes a tenth of this.
const LONG: Duration = Duration::from_secs(30);

/// A program, which is killed when it is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

/// Dealt with, and nothing done.
unsafe extern "system" fn take_note(event: u32) -> i32 {
    i32::from(event == CTRL_C_EVENT)
}

/// Ctrl-C, for everybody at this console. That is group 0 and nothing else; wine takes 0 for the caller's own, and needs to
/// be told of another one.
fn interrupt(other: u32) {
    for group in [0, other] {
        // SAFETY: takes numbers.
        assert_ne!(unsafe { GenerateConsoleCtrlEvent(CTRL_C_EVENT, group) }, 0);
    }
}

/// Whether it was ended so, without a result. The system gives it a status of its own; wine an exit code, 0.
fn is_interrupted<T>(end: &Result<T, JoinError>) -> bool {
    match end {
        Err(JoinError::Crashed { signal, .. }) => *signal == STATUS_CONTROL_C_EXIT,
        end => matches!(end, Err(JoinError::Exited { code: 0 })),
    }
}

/// Says that it is there, and goes on when it is told to.
fn stay(here: Sender<()>, go: Receiver<()>) {
    here.send(()).unwrap();
    go.recv().unwrap();
}

/// Starts a child once it is told to, and tells whether that was interrupted.
fn start_another(here: Sender<()>, go: Receiver<()>) -> bool {
    go.recv().unwrap();
    is_interrupted(&Process::spawn(stay, (here, go)).unwrap().join())
}

#[test]
#[ignore = "the role of a program with a console: the test starts it by name"]
fn family() {
    // SAFETY: the handler does nothing.
    assert_ne!(unsafe { SetConsoleCtrlHandler(Some(take_note), 1) }, 0);
    let (here, is_here) = channel(1).unwrap();
    let (go, told) = channel(1).unwrap();
    let plain = Process::spawn(stay, (here.clone(), told.clone())).unwrap();
    is_here.recv().unwrap();
    let ignoring = Process::builder().ignore_interrupt(true);
    let ignoring = ignoring.spawn(start_another, (here, told)).unwrap();
    // At once: it may not even have come to its guard.
    interrupt(ignoring.id());
    let end = plain.join();
    assert!(is_interrupted(&end), "{end:?}");
    // Its own children are plain again.
    go.send(()).unwrap();
    is_here.recv().unwrap();
    interrupt(ignoring.id());
    assert!(ignoring.join().unwrap());
}

#[test]
fn an_interrupt_ends_plain_children_and_not_one_that_is_left_to_its_parent() {
    let _watchdog = watch("an interrupt");
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["family", "--exact", "--ignored", "--nocapture"])
        .creation_flags(CREATE_NO_WINDOW);
    let mut family = Program(command.spawn().unwrap());
    assert_eq!(wait(&[&family.0.as_handle()], Some(LONG)).unwrap(), [0]);
    assert!(family.0.wait().unwrap().success());
}
