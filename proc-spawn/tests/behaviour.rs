//! What holds of whatever starts a function, a thread or a process by whatever start method.

mod watchdog;

use std::thread;
use std::time::Duration;

use ipc::{Receiver, RecvError, Sender, channel};
use proc_spawn::{Failure, Join, JoinError, Process, Run, Spawn, Thread};
use serde::{Deserialize, Serialize};
use watchdog::watch;

proc_spawn::enable_test_support!();

/// Each behaviour, for each kind of start.
macro_rules! for_each_kind {
    ($($behaviour:ident)*) => {
        mod threads {
            $(#[test]
            fn $behaviour() {
                super::$behaviour::<super::Thread>();
            })*
        }
        mod processes {
            $(#[test]
            fn $behaviour() {
                super::$behaviour::<super::Process>();
            })*
        }
    };
}

for_each_kind! {
    a_result_comes_back_from_any_shape_of_arguments
    a_task_is_run
    a_panic_comes_back_with_its_message_and_place
    a_returned_error_comes_back_with_its_sources
    a_join_that_times_out_can_be_repeated_and_the_result_is_taken_once
    the_end_is_seen_without_joining
    what_it_holds_is_released_when_it_ends
    a_dropped_handle_lets_it_go_on
    many_at_once_each_give_their_own_result
    what_was_started_can_start_others
    a_large_argument_and_a_large_result_arrive_whole
    the_unnamed_have_names_of_their_own
}

fn square(n: u32) -> u32 {
    n * n
}

fn wait_for(go: Receiver<()>) -> bool {
    go.recv().is_ok()
}

fn a_result_comes_back_from_any_shape_of_arguments<W: Spawn>() {
    let _watchdog = watch("a result");
    assert_eq!(W::spawn(square, 7).unwrap().join().unwrap(), 49);
    assert_eq!(W::spawn(|| "done".to_owned(), ()).unwrap().join().unwrap(), "done");
    assert_eq!(W::spawn(|a: u8, b: u8| a + b, (1, 2)).unwrap().join().unwrap(), 3);
    assert_eq!(W::spawn(|pair: (u8, u8)| pair.1, (1, 2)).unwrap().join().unwrap(), 2);
}

#[derive(Serialize, Deserialize)]
struct Shout(String);

impl Run for Shout {
    type Output = String;

    fn run(self) -> String {
        self.0.to_uppercase()
    }
}

fn a_task_is_run<W: Spawn>() {
    let _watchdog = watch("a task");
    assert_eq!(W::start(Shout("x".to_owned())).unwrap().join().unwrap(), "X");
}

fn a_panic_comes_back_with_its_message_and_place<W: Spawn>() {
    let _watchdog = watch("a panic");
    let line = line!() + 1;
    let fail = |n: u32| -> u32 { panic!("no {n}") };
    let Err(JoinError::Panicked(panic)) = W::spawn(fail, 5).unwrap().join() else {
        panic!("it panicked")
    };
    let place = panic.location.as_ref().expect("a place");
    assert_eq!((panic.message.as_str(), place.line), ("no 5", line));
    assert!(place.file.ends_with("behaviour.rs"), "{place:?}");
}

fn a_returned_error_comes_back_with_its_sources<W: Spawn>() {
    let _watchdog = watch("an error");
    let parse = |text: String| -> Result<u8, Failure> { Ok(text.parse()?) };
    let error = W::spawn(parse, "x".to_owned()).unwrap().join().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "invalid digit found in string");
    assert_eq!(W::spawn(parse, "7".to_owned()).unwrap().join().unwrap().unwrap(), 7);
}

fn a_join_that_times_out_can_be_repeated_and_the_result_is_taken_once<W: Spawn>() {
    let _watchdog = watch("a timeout");
    let (go, wait) = channel::<()>(1).unwrap();
    let mut started = W::spawn(wait_for, wait).unwrap();
    assert!(started.try_join().is_none());
    assert!(started.join_timeout(Duration::from_millis(1)).is_none());
    go.send(()).unwrap();
    assert!(started.join_timeout(Duration::MAX).expect("it ends").unwrap());
    assert!(matches!(started.try_join(), Some(Err(JoinError::Taken))));
    assert!(matches!(started.join(), Err(JoinError::Taken)));
}

fn the_end_is_seen_without_joining<W: Spawn>() {
    let _watchdog = watch("an end");
    let (go, wait) = channel::<()>(1).unwrap();
    let mut started = W::spawn(wait_for, wait).unwrap();
    assert!(started.is_alive());
    drop(go);
    while started.is_alive() {
        thread::yield_now();
    }
    assert!(!started.try_join().expect("it has ended").unwrap());
}

fn what_it_holds_is_released_when_it_ends<W: Spawn>() {
    let _watchdog = watch("a held sender");
    let (last, receiver) = channel::<u8>(1).unwrap();
    let fail = |_last: Sender<u8>| -> () { panic!("with a sender in hand") };
    let started = W::spawn(fail, last).unwrap();
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
    assert!(matches!(started.join(), Err(JoinError::Panicked(_))));
}

fn a_dropped_handle_lets_it_go_on<W: Spawn>() {
    let _watchdog = watch("a dropped handle");
    let ((go, wait), (sender, receiver)) = (channel::<()>(1).unwrap(), channel::<u8>(1).unwrap());
    let work = |wait: Receiver<()>, sender: Sender<u8>| {
        wait.recv().unwrap();
        sender.send(9).unwrap();
    };
    drop(W::spawn(work, (wait, sender)).unwrap());
    go.send(()).unwrap();
    assert_eq!(receiver.recv().unwrap(), 9);
}

fn many_at_once_each_give_their_own_result<W: Spawn>() {
    let _watchdog = watch("many");
    let (go, wait) = channel::<()>(20).unwrap();
    let work = |wait: Receiver<()>, n: u32| wait.recv().map(|()| n).unwrap();
    let started: Vec<_> = (0..20).map(|n| W::spawn(work, (wait.clone(), n)).unwrap()).collect();
    (0..20).for_each(|_| go.send(()).unwrap());
    for (n, started) in (0..).zip(started) {
        assert_eq!(started.join().unwrap(), n);
    }
}

fn what_was_started_can_start_others<W: Spawn>() {
    let _watchdog = watch("a grandchild");
    let sum = |n: u32| W::spawn(square, n).unwrap().join().unwrap() + 1;
    assert_eq!(W::spawn(sum, 3).unwrap().join().unwrap(), 10);
}

fn a_large_argument_and_a_large_result_arrive_whole<W: Spawn>() {
    let _watchdog = watch("a large message");
    let text = "0123456789".repeat(400_000);
    let started = W::spawn(|text: String| text.repeat(2), text.clone()).unwrap();
    assert_eq!(started.join().unwrap(), text.repeat(2));
}

fn the_unnamed_have_names_of_their_own<W: Spawn>() {
    let _watchdog = watch("names");
    let (one, other) = (W::spawn(|| (), ()).unwrap(), W::spawn(|| (), ()).unwrap());
    assert_ne!(one.name(), other.name());
    assert!(!one.name().is_empty());
    one.join().unwrap();
    other.join().unwrap();
}
