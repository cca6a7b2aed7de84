//! Many clients of one manager at a time.
#![cfg(target_os = "linux")]

#[expect(dead_code, unreachable_pub, reason = "another suite uses the rest")]
#[path = "../../sync-prims/tests/stepping/asleep.rs"]
mod asleep;
mod watchdog;

use std::fs;
use std::sync::mpsc;
use std::thread;

use ipc::{Address, DictProxy, EventProxy, Manager, Sender};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// So many clients a process stands for: each has a line of its own, as it waits for an answer.
const EACH: u32 = 200;

/// A thread that needs no more than a call takes.
fn spawn_small<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    thread::Builder::new().stack_size(128 << 10).spawn(f).unwrap()
}

fn crowd(args: (DictProxy<u32, u32>, EventProxy, Sender<i32>, u32)) {
    let (dict, event, ready, first) = args;
    let clients: Vec<_> = (first..first + EACH)
        .map(|number| {
            let (dict, event, ready) = (dict.clone(), event.clone(), ready.clone());
            spawn_small(move || {
                // From here on it sleeps for nothing else.
                assert!(!event.is_set().unwrap());
                ready.send(asleep::thread_id()).unwrap();
                event.wait().unwrap();
                dict.insert(number, number).unwrap();
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
}

/// What a thread does in the kernel: a system call's number and its arguments.
fn system_call(thread: i32) -> Vec<String> {
    let call = fs::read_to_string(format!("/proc/{thread}/syscall")).unwrap();
    call.split_whitespace().map(str::to_owned).collect()
}

/// Whether the call waits until somebody acts, however long that takes.
fn has_no_limit(call: &[String]) -> bool {
    let number: i64 = call[0].parse().unwrap();
    let is_null = |argument: usize| call[1 + argument] == "0x0";
    match number {
        libc::SYS_ppoll => is_null(2),
        libc::SYS_epoll_pwait => call[4].ends_with("ffffffff"),
        libc::SYS_read | libc::SYS_recvmsg | libc::SYS_wait4 | libc::SYS_waitid => true,
        // A wait on a word, whose limit is its fourth argument.
        _ => is_null(3),
    }
}

/// Waits until the server, too, sleeps and nothing wakes it but what somebody does.
fn until_nothing_wakes(manager: &Manager) {
    let threads = fs::read_dir(format!("/proc/{}/task", manager.pid().unwrap())).unwrap();
    for thread in threads {
        let thread = thread.unwrap().file_name().to_str().unwrap().parse().unwrap();
        asleep::until_asleep(thread);
        let call = system_call(thread);
        assert!(has_no_limit(&call), "a thread of the server wakes by itself: {call:?}");
    }
}

#[test]
fn two_thousand_clients_are_served_and_the_server_sleeps_while_they_wait() {
    const PROCESSES: u32 = 10;
    let _watchdog = watch("two thousand clients");
    let manager = Manager::start::<Process>().unwrap();
    let dict = manager.dict::<u32, u32>().unwrap();
    let event = manager.event().unwrap();
    let (ready, is_ready) = ipc::channel((PROCESSES * EACH) as usize).unwrap();
    let children: Vec<_> = (0..PROCESSES)
        .map(|process| {
            let args = (dict.clone(), event.clone(), ready.clone(), process * EACH);
            Process::spawn(crowd, args).unwrap()
        })
        .collect();
    for _ in 0..PROCESSES * EACH {
        asleep::until_asleep(is_ready.recv().unwrap());
    }
    until_nothing_wakes(&manager);
    event.set().unwrap();
    children.into_iter().for_each(|child| child.join().unwrap());
    assert_eq!(dict.len().unwrap(), (PROCESSES * EACH) as usize);
}

#[test]
fn a_thousand_clients_from_elsewhere_are_served_and_the_server_sleeps_while_they_wait() {
    // With what a process has besides, no more descriptors than a process usually can have.
    const CLIENTS: u32 = 980;
    let _watchdog = watch("a thousand clients from elsewhere");
    let directory = tempfile::tempdir().unwrap();
    let manager = Manager::start::<Process>().unwrap();
    let address = Address::Unix(directory.path().join("manager"));
    let address = manager.serve(&address, b"a key").unwrap();
    let dict = manager.dict::<u32, u32>().unwrap();
    let event = manager.event().unwrap();
    manager.publish("dict", &dict).unwrap();
    manager.publish("event", &event).unwrap();
    let (ready, is_ready) = mpsc::channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let there = Manager::connect(&address, b"a key").unwrap();
            let ready = ready.clone();
            spawn_small(move || {
                let dict = there.find::<DictProxy<u32, u32>>("dict").unwrap();
                let event = there.find::<EventProxy>("event").unwrap();
                ready.send(asleep::thread_id()).unwrap();
                event.wait().unwrap();
                dict.insert(number, number).unwrap();
            })
        })
        .collect();
    for _ in 0..CLIENTS {
        asleep::until_asleep(is_ready.recv().unwrap());
    }
    until_nothing_wakes(&manager);
    event.set().unwrap();
    clients.into_iter().for_each(|client| client.join().unwrap());
    assert_eq!(dict.len().unwrap(), CLIENTS as usize);
}
