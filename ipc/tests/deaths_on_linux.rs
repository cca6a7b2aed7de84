//! What counts as the death of a process on Linux alone.
#![cfg(target_os = "linux")]

mod watchdog;

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;

use ipc::{RecvError, Sender, Value, channel};
use proc_spawn::{Process, StartMethod, forkserver_preload};
use sync_prims::PoisonCause;
use sync_prims::thread::RLock;
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

#[test]
fn a_copy_of_a_fork_server_that_has_used_a_lock_dies_in_its_own_name() {
    let _watchdog = watch("who waits for the lock of a copy");
    fn load() {
        drop(RLock::new(()).lock());
    }
    fn hold(value: Value<u64>, here: Sender<()>) {
        let _guard = value.lock();
        here.send(()).unwrap();
        loop {
            thread::park();
        }
    }
    forkserver_preload(load).unwrap();
    let value = Value::locked(1u64).unwrap();
    let (here, theirs) = channel(1).unwrap();
    let copied = Process::builder().start_method(StartMethod::ForkServer);
    let holder = copied.spawn(hold, (value.clone(), here)).unwrap();
    theirs.recv().unwrap();
    holder.kill().unwrap();
    let cause = value.lock().map(drop).map_err(|poisoned| poisoned.cause());
    assert_eq!(cause, Err(PoisonCause::OwnerDied { pid: holder.id() }));
}
