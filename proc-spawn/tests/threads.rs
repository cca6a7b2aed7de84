//! Threads with the face of processes.

mod watchdog;

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use proc_spawn::{JoinError, Process, SpawnError, Thread};
use watchdog::watch;

proc_spawn::enable_test_support!();

#[test]
fn a_function_that_captures_runs_and_its_result_need_not_be_serde() {
    let _watchdog = watch("a thread");
    let list = Arc::new(Mutex::new(vec![1]));
    let theirs = Arc::clone(&list);
    let worker = Thread::spawn(
        move |n| {
            theirs.lock().unwrap().push(n);
            theirs
        },
        2,
    );
    let back = worker.unwrap().join().unwrap();
    assert!(Arc::ptr_eq(&back, &list));
    assert_eq!(*list.lock().unwrap(), [1, 2]);
}

#[test]
fn a_panic_comes_back_with_its_place_and_thread() {
    let _watchdog = watch("a panic");
    let line = line!() + 1;
    let worker = Thread::builder().name("faulty").spawn(|| -> () { panic!("no") }, ()).unwrap();
    assert_eq!(worker.name(), "faulty");
    let Err(JoinError::Panicked(panic)) = worker.join() else { panic!("it panicked") };
    assert_eq!((panic.message.as_str(), panic.thread.as_deref()), ("no", Some("faulty")));
    assert_eq!(panic.location.as_ref().expect("a place").line, line);
    assert!(panic.to_string().starts_with("thread 'faulty' panicked at "), "{panic}");
}

#[test]
fn a_name_with_a_zero_byte_is_refused() {
    let error = Thread::builder().name("a\0b").spawn(|| (), ()).unwrap_err();
    assert!(matches!(error, SpawnError::Invalid { .. }), "{error}");
}

#[test]
fn a_child_waits_for_its_threads_unless_they_are_daemons_or_detached() {
    let _watchdog = watch("a child's threads");
    let (sender, receiver) = ipc::channel::<u8>(1).unwrap();
    let (go, wait) = ipc::channel::<()>(1).unwrap();
    let child = |wait: ipc::Receiver<()>, sender: ipc::Sender<u8>| {
        let forever = || loop {
            thread::park();
        };
        let _daemon =
            Thread::builder().daemon(true).spawn(move || -> () { forever() }, ()).unwrap();
        Thread::spawn(move || -> () { forever() }, ()).unwrap().detach();
        let work = move || {
            wait.recv().unwrap();
            sender.send(9).unwrap();
        };
        let _left = Thread::spawn(work, ()).unwrap();
    };
    let mut child = Process::spawn(child, (wait, sender)).unwrap();
    assert!(child.join_timeout(Duration::from_millis(50)).is_none());
    go.send(()).unwrap();
    child.join().unwrap();
    assert_eq!(receiver.recv().unwrap(), 9);
}
