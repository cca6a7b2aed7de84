//! Threads with the face of processes.

mod watchdog;

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use proc_spawn::{Join, JoinError, Process, Run, Spawn, SpawnError, Thread};
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
fn a_join_that_times_out_can_be_repeated_and_the_result_is_taken_once() {
    let _watchdog = watch("a timeout");
    let (go, wait) = channel::<()>();
    let mut worker = Thread::spawn(move || wait.recv().is_err(), ()).unwrap();
    assert!(worker.is_alive());
    assert!(worker.try_join().is_none());
    assert!(worker.join_timeout(Duration::from_millis(1)).is_none());
    drop(go);
    assert!(worker.join_timeout(Duration::MAX).expect("it ends").unwrap());
    assert!(!worker.is_alive());
    assert!(matches!(worker.try_join(), Some(Err(JoinError::Taken))));
    assert!(matches!(worker.join(), Err(JoinError::Taken)));
}

#[test]
fn a_name_with_a_zero_byte_is_refused() {
    let error = Thread::builder().name("a\0b").spawn(|| (), ()).unwrap_err();
    assert!(matches!(error, SpawnError::Invalid { .. }), "{error}");
}

struct Shout(String);

impl Run for Shout {
    type Output = String;

    fn run(self) -> String {
        self.0.to_uppercase()
    }
}

#[test]
fn a_task_runs_and_unnamed_threads_are_numbered() {
    let _watchdog = watch("a task");
    let worker = Thread::start(Shout("x".to_owned())).unwrap();
    assert!(worker.name().starts_with("Thread-"), "{}", worker.name());
    assert_eq!(worker.join().unwrap(), "X");
}

fn square(n: u32) -> u32 {
    n * n
}

fn start_and_join<W: Spawn>() -> u32 {
    let mut worker = W::spawn(square, 7).unwrap();
    worker.join_timeout(Duration::MAX).expect("it ends").unwrap()
}

#[test]
fn one_word_switches_between_threads_and_processes() {
    let _watchdog = watch("the switch");
    assert_eq!(start_and_join::<Thread>(), 49);
    assert_eq!(start_and_join::<Process>(), 49);
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
