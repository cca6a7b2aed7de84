//! Children of a test that are its binary started anew, in the role of one of its ignored tests.
#![allow(dead_code, reason = "no suite needs all of it")]
#![expect(unsafe_code, reason = "resumes children")]

use std::env;
use std::os::windows::io::{AsHandle, AsRawHandle, RawHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ipc::parcel::Parcel;
use ipc::rendezvous::{self, Guest, Invitation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use windows_sys::Win32::Foundation::ERROR_INTERNAL_ERROR;
use windows_sys::Win32::System::Threading::CREATE_SUSPENDED;

/// Nothing takes a tenth of this.
pub(crate) const LONG: Duration = Duration::from_secs(30);

#[link(name = "ntdll")]
unsafe extern "system" {
    fn NtResumeProcess(process: RawHandle) -> i32;
}

/// A process of the test's program, which is killed when it is dropped.
pub(crate) struct Role {
    pub(crate) process: Child,
    pub(crate) guest: Guest,
    ended: Receiver<()>,
}

fn command(role: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this binary"));
    command.args([role, "--exact", "--ignored", "--nocapture"]);
    command
}

/// Now and then a process comes to nothing under wine before it begins, and the start says `ERROR_INTERNAL_ERROR`.
fn spawn(mut command: Command) -> Child {
    loop {
        match command.spawn() {
            Err(error) if error.raw_os_error() == Some(ERROR_INTERNAL_ERROR as i32) => {}
            child => return child.expect("a child"),
        }
    }
}

impl Role {
    /// Starts a child in that role, with what it finds by [`arguments`].
    pub(crate) fn start<T: Serialize>(role: &str, arguments: T) -> Role {
        let invitation = Invitation::new(role, false).expect("a place");
        invitation.put(Parcel::encode(arguments).expect("a parcel")).expect("a greeting");
        let mut command = command(role);
        command.creation_flags(CREATE_SUSPENDED);
        let child = spawn(command);
        invitation.deliver(child.as_handle()).expect("a letter");
        let (tell, ended) = channel();
        let sentinel = child.as_handle().try_clone_to_owned().expect("a handle");
        // Nobody listens when the test has failed.
        let on_end = Box::new(move || {
            let _ = tell.send(());
        });
        let guest = invitation.started(sentinel, on_end).expect("a keeper");
        // SAFETY: a child of ours that was started suspended.
        assert_eq!(unsafe { NtResumeProcess(child.as_raw_handle()) }, 0);
        Role { process: child, guest, ended }
    }

    /// Waits until it has ended and was swept.
    pub(crate) fn join(&self) {
        self.ended.recv_timeout(LONG).expect("it ends");
    }

    /// Ends it at once, and waits until it was swept.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("a living child");
        self.join();
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

/// What a child was started with. It has joined the program then.
pub(crate) fn arguments<T: DeserializeOwned>() -> T {
    assert!(rendezvous::arrived(), "started by a test");
    let arrival = rendezvous::join().expect("a place");
    assert!(!rendezvous::arrived(), "it has arrived once");
    arrival.arguments.decode().expect("arguments")
}

/// Another program, which is killed when it is dropped.
pub(crate) struct Stranger(pub(crate) Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts another program in that role.
pub(crate) fn stranger(role: &str, argument: &str) -> Stranger {
    let mut command = command(role);
    command.env("TANDEM_TEST", argument);
    Stranger(spawn(command))
}

/// What [`stranger`] was given.
pub(crate) fn argument() -> String {
    env::var("TANDEM_TEST").expect("started by a test")
}

/// For ever, but for a kill.
pub(crate) fn stay() -> ! {
    loop {
        std::thread::park();
    }
}
