//! Queues whose messages are tasks: when `join` ends, and when not.

mod watchdog;

use std::thread;
use std::time::Duration;

use ipc::{Queue, Shared, TaskDoneTooOften};
use proc_spawn::Process;
use sync_prims::process::Event;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// Enough for what is not to happen to happen.
const MOMENT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(30);

fn forever() {
    loop {
        thread::park();
    }
}

#[test]
fn join_waits_for_what_is_in_the_queue_and_for_what_is_taken_out_but_not_done() {
    let _watchdog = watch("join");
    for queue in [Queue::bounded(4).unwrap(), Queue::unbounded().unwrap()] {
        queue.join();
        assert_eq!(queue.task_done(), Err(TaskDoneTooOften), "nothing was got yet");
        queue.put(1).unwrap();
        assert!(!queue.join_timeout(MOMENT), "it is in the queue");
        assert_eq!(queue.task_done(), Err(TaskDoneTooOften), "it was not got yet");
        queue.get().unwrap();
        assert!(!queue.join_timeout(MOMENT), "it was got");
        thread::scope(|scope| {
            let joining = scope.spawn(|| queue.join_timeout(LONG));
            queue.task_done().unwrap();
            assert!(joining.join().unwrap());
        });
        assert_eq!(queue.task_done(), Err(TaskDoneTooOften));
    }
}

#[test]
fn join_ends_when_other_processes_have_done_everything() {
    let _watchdog = watch("other processes");
    fn work(queue: Queue<u64>, done: Queue<u64>) {
        for number in queue.iter() {
            done.put(number).unwrap();
            queue.task_done().unwrap();
        }
    }
    let (queue, done) = (Queue::bounded(8).unwrap(), Queue::unbounded().unwrap());
    let workers: Vec<_> =
        (0..3).map(|_| Process::spawn(work, (queue.clone(), done.clone())).unwrap()).collect();
    for round in 1..=50 {
        assert_eq!(queue.put_many(0..40).unwrap(), 40);
        queue.join();
        assert_eq!(done.len(), round * 40, "who joins finds everything done");
    }
    queue.close();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
}

#[test]
fn a_task_may_be_reported_by_another_process_than_the_one_that_got_it() {
    let _watchdog = watch("another process");
    let (queue, ready) = (Queue::bounded(8).unwrap(), Shared::new(Event::new()).unwrap());
    queue.put_many(0..2).unwrap();
    fn take_two(queue: Queue<i32>, ready: Shared<Event>) {
        assert_eq!(queue.get_many(2).unwrap(), [0, 1]);
        ready.set();
        forever();
    }
    let child = Process::spawn(take_two, (queue.clone(), ready.clone())).unwrap();
    ready.wait();
    queue.task_done().unwrap();
    assert!(!queue.join_timeout(MOMENT));
    queue.task_done().unwrap();
    assert_eq!(queue.task_done(), Err(TaskDoneTooOften));
    queue.join();
    child.kill().unwrap();
    child.join().unwrap_err();
}

#[test]
fn the_tasks_of_a_killed_process_are_not_waited_for_and_those_of_others_are() {
    let _watchdog = watch("a killed worker");
    let (queue, ready) = (Queue::bounded(8).unwrap(), Shared::new(Event::new()).unwrap());
    queue.put_many(0..3).unwrap();
    fn take_two(queue: Queue<i32>, ready: Shared<Event>) {
        queue.get_many(2).unwrap();
        // The handle may be gone before the process is.
        drop(queue);
        ready.set();
        forever();
    }
    let child = Process::spawn(take_two, (queue.clone(), ready.clone())).unwrap();
    ready.wait();
    assert_eq!(queue.get().unwrap(), 2);
    thread::scope(|scope| {
        let joining = scope.spawn(|| queue.join_timeout(LONG));
        child.kill().unwrap();
        child.wait();
        assert!(!queue.join_timeout(MOMENT), "one is this process's");
        queue.task_done().unwrap();
        assert!(joining.join().unwrap());
    });
    // Whoever has the dead one's place next does not inherit from it.
    let ready = Shared::new(Event::new()).unwrap();
    fn take_one(queue: Queue<i32>, ready: Shared<Event>) {
        queue.get().unwrap();
        queue.task_done().unwrap();
        assert!(queue.task_done().is_err());
        ready.set();
        forever();
    }
    let next = Process::spawn(take_one, (queue.clone(), ready.clone())).unwrap();
    queue.put(3).unwrap();
    ready.wait();
    assert!(queue.join_timeout(LONG));
    next.kill().unwrap();
    next.join().unwrap_err();
    child.join().unwrap_err();
}

#[test]
fn a_killed_worker_ends_the_wait_of_who_joins_already() {
    let _watchdog = watch("a wait for a killed worker");
    let (queue, ready) = (Queue::bounded(8).unwrap(), Shared::new(Event::new()).unwrap());
    queue.put(0).unwrap();
    fn take(queue: Queue<i32>, ready: Shared<Event>) {
        queue.get().unwrap();
        ready.set();
        forever();
    }
    let child = Process::spawn(take, (queue.clone(), ready.clone())).unwrap();
    ready.wait();
    thread::scope(|scope| {
        let joining = scope.spawn(|| queue.join_timeout(LONG));
        child.kill().unwrap();
        assert!(joining.join().unwrap());
    });
    child.join().unwrap_err();
}

#[test]
fn what_a_half_receives_or_nobody_can_decode_is_no_task() {
    let _watchdog = watch("no tasks");
    let queue = Queue::bounded(4).unwrap();
    let (_, receiver) = queue.clone().split();
    queue.put(1).unwrap();
    thread::scope(|scope| {
        let joining = scope.spawn(|| queue.join_timeout(LONG));
        receiver.recv().unwrap();
        assert!(joining.join().unwrap());
    });

    #[derive(serde::Serialize, Debug)]
    struct Sly(u8);
    impl<'de> serde::Deserialize<'de> for Sly {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Sly, D::Error> {
            Err(serde::de::Error::custom("never"))
        }
    }
    let queue = Queue::bounded(4).unwrap();
    queue.put(Sly(1)).unwrap();
    queue.get().unwrap_err();
    assert!(queue.join_timeout(LONG));
    assert_eq!(queue.task_done(), Err(TaskDoneTooOften));
}

#[test]
fn many_are_put_and_got_in_order_and_what_could_not_be_put_comes_back() {
    let _watchdog = watch("batches");
    let queue = Queue::bounded(100).unwrap();
    assert_eq!(queue.put_many(0..30).unwrap(), 30);
    assert_eq!(queue.get_many(10).unwrap(), (0..10).collect::<Vec<_>>());
    assert_eq!(queue.get_many(0).unwrap(), [0; 0]);
    assert_eq!(queue.get_many(1000).unwrap(), (10..30).collect::<Vec<_>>());
    let getter = thread::spawn({
        let queue = queue.clone();
        move || queue.get_many(5).unwrap()
    });
    queue.put(7).unwrap();
    assert_eq!(getter.join().unwrap(), [7], "it waits for one and not for more");
    queue.put(8).unwrap();
    queue.close();
    let mut more = 9..12;
    assert_eq!(queue.put_many(&mut more).unwrap_err().into_inner(), Some(9));
    assert_eq!(more, 10..12);
    assert_eq!(queue.get_many(5).unwrap(), [8]);
    assert!(matches!(queue.get_many(5), Err(ipc::RecvError::Disconnected)));
}
