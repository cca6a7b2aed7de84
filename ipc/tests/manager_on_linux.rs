//! The end of a manager's server, as Linux lets it be seen and held up.
#![cfg(target_os = "linux")]

#[expect(dead_code, unreachable_pub, reason = "another suite uses the rest")]
#[path = "../../sync-prims/tests/stepping/asleep.rs"]
mod asleep;
mod watchdog;

use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ipc::{Manager, ManagerError, Queue};
use proc_spawn::{Process, Thread};
use watchdog::watch;

proc_spawn::enable_test_support!();

#[test]
fn a_server_on_threads_has_ended_when_its_last_call_has() {
    let _watchdog = watch("calls of a server that ends");
    for ends_in_time in [false, true] {
        let manager = Manager::start::<Thread>().unwrap();
        let queues = (Queue::<()>::bounded(1).unwrap(), Queue::<()>::bounded(1).unwrap());
        let (started, end) = queues.clone();
        let value = manager.value(queues).unwrap();
        let call = thread::spawn(move || {
            value.update(|(started, end)| {
                started.put(()).unwrap();
                end.get().unwrap();
            })
        });
        started.get().unwrap();
        let (said, heard) = mpsc::channel();
        let ending = thread::spawn(move || {
            let patience = Duration::from_millis(if ends_in_time { 50_000 } else { 20 });
            said.send(asleep::thread_id()).unwrap();
            manager.shutdown_timeout(patience)
        });
        // Who called is told at once, while the function runs on.
        assert!(matches!(call.join().unwrap(), Err(ManagerError::Gone)));
        if ends_in_time {
            asleep::until_asleep(heard.recv().unwrap());
            assert!(!ending.is_finished());
            end.put(()).unwrap();
            assert!(ending.join().unwrap());
        } else {
            assert!(!ending.join().unwrap());
            end.put(()).unwrap();
        }
    }
}

#[test]
fn a_server_that_does_not_end_is_ended_by_force() {
    let _watchdog = watch("a stopped server");
    let manager = Manager::start::<Process>().unwrap();
    let pid = manager.pid().unwrap().to_string();
    assert!(Command::new("kill").args(["-STOP", &pid]).status().unwrap().success());
    assert!(manager.shutdown_timeout(Duration::from_millis(20)));
}
