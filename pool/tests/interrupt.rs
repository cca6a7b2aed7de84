//! Ctrl-C in the terminal of a program that has a pool of processes.
#![cfg(target_os = "linux")]

mod watchdog;

use std::process::{self, Command};

use ipc::{Receiver, RecvError, Sender};
use pool::ProcessPool;
use proc_spawn::{JoinError, Process};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn interrupt(pid: u32) {
    let status = Command::new("kill").args(["-INT", &pid.to_string()]).status();
    assert!(status.expect("there is a kill command").success(), "kill -INT {pid}");
}

/// Says that it has begun, and goes on when it is told to.
fn meet(here: Sender<u32>, go_on: Receiver<()>) -> u32 {
    here.send(process::id()).expect("the test listens");
    // That nobody will ever tell it is as good.
    let _ = go_on.recv();
    process::id()
}

#[test]
fn the_interrupt_of_the_terminal_does_not_reach_workers() {
    let _watchdog = watch("an interrupt");
    let pool = ProcessPool::new(1).unwrap();
    let (here, begun) = ipc::channel(1).unwrap();
    let (go, go_on) = ipc::channel(1).unwrap();
    let task = pool.submit(meet, (here, go_on));
    let pid = begun.recv().unwrap();
    interrupt(pid);
    go.send(()).unwrap();
    assert_eq!(task.get(), Ok(pid));
}

/// Has a pool whose workers are busy, and waits for them.
fn use_a_pool(here: Sender<u32>, go_on: Receiver<()>) {
    let pool = ProcessPool::new(2).unwrap();
    let _ = pool.map(meet, vec![(here, go_on); 2]);
}

#[test]
fn an_interrupt_ends_a_program_and_its_workers_with_it() {
    let _watchdog = watch("an interrupt");
    let (here, begun) = ipc::channel(2).unwrap();
    let (go, go_on) = ipc::channel::<()>(1).unwrap();
    let owner = Process::spawn(use_a_pool, (here, go_on)).unwrap();
    let workers = [begun.recv().unwrap(), begun.recv().unwrap()];
    // Ctrl-C reaches every process of the terminal's foreground.
    for pid in [workers[0], workers[1], owner.id()] {
        interrupt(pid);
    }
    assert!(matches!(owner.join(), Err(JoinError::Crashed { signal: 2, .. })));
    assert!(matches!(begun.recv(), Err(RecvError::Disconnected)));
    drop(go);
}
