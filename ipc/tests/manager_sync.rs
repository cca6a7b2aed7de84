//! Locks, queues and the like that a manager holds, and the deaths of those who use them.
#![cfg(target_os = "linux")]

#[expect(dead_code, unreachable_pub, reason = "another suite uses the rest")]
#[path = "../../sync-prims/tests/stepping/asleep.rs"]
mod asleep;
mod hosts;
mod watchdog;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hosts::{on_each, on_each_and_from_elsewhere};
use ipc::{
    BarrierProxy, ConditionProxy, EventProxy, LockProxy, ManagerError, PutError, QueueProxy,
    RLockProxy, SemaphoreProxy, Sender, TakeError,
};
use proc_spawn::Process;

proc_spawn::enable_test_support!();

const SOON: Duration = Duration::from_millis(5);

/// Waits until a child has said that it is where it should be, and kills it there.
fn kill_at(child: &Process, is_ready: &ipc::Receiver<()>) -> u32 {
    is_ready.recv().unwrap();
    child.kill().unwrap();
    child.wait();
    child.id()
}

fn hold_lock(lock: LockProxy, ready: Sender<()>) {
    let _guard = lock.lock().unwrap();
    ready.send(()).unwrap();
    thread::park();
}

fn wait_for_lock(lock: LockProxy, ready: Sender<()>) {
    ready.send(()).unwrap();
    drop(lock.lock());
}

#[test]
fn the_lock_of_a_killed_holder_goes_to_the_next_who_is_told() {
    on_each("a killed holder", |manager| {
        let lock = manager.lock().unwrap();
        let (ready, is_ready) = ipc::channel(1).unwrap();
        let child = Process::spawn(hold_lock, (lock.clone(), ready)).unwrap();
        is_ready.recv().unwrap();
        assert!(lock.try_lock().unwrap().is_none());
        assert!(lock.lock_timeout(SOON).unwrap().is_none());
        let pid = child.id();
        let killer = thread::spawn(move || child.kill().map(|()| child.wait()));
        let guard = lock.lock().unwrap();
        assert_eq!(guard.owner_died(), Some(pid));
        drop(guard);
        assert_eq!(lock.lock().unwrap().owner_died(), None);
        killer.join().unwrap().unwrap();
    });
}

#[test]
fn who_is_killed_while_it_waits_for_a_lock_does_not_get_it() {
    on_each("a killed waiter", |manager| {
        let lock = manager.lock().unwrap();
        let guard = lock.lock().unwrap();
        let (ready, is_ready) = ipc::channel(1).unwrap();
        let child = Process::spawn(wait_for_lock, (lock.clone(), ready)).unwrap();
        kill_at(&child, &is_ready);
        drop(guard);
        // Nobody held it when it died.
        assert_eq!(lock.lock().unwrap().owner_died(), None);
    });
}

#[test]
fn a_lock_is_had_by_one_thread_at_a_time_and_a_reentrant_one_by_one_thread_repeatedly() {
    on_each_and_from_elsewhere("locks", |manager| {
        let count = manager.value(0u32).unwrap();
        let lock = manager.lock().unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _guard = lock.lock().unwrap();
                        count.set(count.get().unwrap() + 1).unwrap();
                    }
                });
            }
        });
        assert_eq!(count.get().unwrap(), 200);

        let lock: RLockProxy = manager.rlock().unwrap();
        let outer = lock.lock().unwrap();
        let inner = lock.try_lock().unwrap().unwrap();
        let other = || {
            thread::scope(|scope| {
                scope.spawn(|| lock.try_lock().unwrap().is_some()).join().unwrap()
            })
        };
        assert!(!other());
        drop(outer);
        assert!(!other());
        drop(inner);
        assert!(other());
    });
}

fn hold_permits(semaphore: SemaphoreProxy, ready: Sender<()>) {
    let _permit = semaphore.acquire().unwrap();
    semaphore.acquire().unwrap().forget();
    ready.send(()).unwrap();
    thread::park();
}

#[test]
fn the_permits_of_the_dead_come_back_but_for_those_that_were_to_stay_taken() {
    on_each("permits", |manager| {
        let semaphore = manager.semaphore(2).unwrap();
        let (ready, is_ready) = ipc::channel(1).unwrap();
        let child = Process::spawn(hold_permits, (semaphore.clone(), ready)).unwrap();
        is_ready.recv().unwrap();
        assert!(semaphore.try_acquire().unwrap().is_none());
        assert!(semaphore.acquire_timeout(SOON).unwrap().is_none());
        child.kill().unwrap();
        let permit = semaphore.acquire().unwrap();
        assert!(semaphore.try_acquire().unwrap().is_none());
        semaphore.release(1).unwrap();
        drop(permit);
        assert_eq!(semaphore.available().unwrap(), 2);
        child.wait();

        let bounded = manager.bounded_semaphore(2).unwrap();
        let permit = bounded.acquire().unwrap();
        assert!(matches!(bounded.release(2), Err(ManagerError::OverRelease)));
        assert_eq!(bounded.available().unwrap(), 1);
        drop(permit);
        assert!(matches!(bounded.release(1), Err(ManagerError::OverRelease)));
    });
}

fn wait_for_event(event: EventProxy, ready: Sender<()>) {
    // From here on it sleeps for nothing else.
    event.is_set().unwrap();
    ready.send(()).unwrap();
    event.wait().unwrap();
    ready.send(()).unwrap();
}

#[test]
fn a_set_event_wakes_all_who_wait_also_if_it_is_cleared_at_once() {
    on_each("an event", |manager| {
        let event = manager.event().unwrap();
        assert!(!event.wait_timeout(SOON).unwrap() && !event.is_set().unwrap());
        let (ready, is_ready) = ipc::channel(4).unwrap();
        let [one, other] =
            [0; 2].map(|_| Process::spawn(wait_for_event, (event.clone(), ready.clone())).unwrap());
        is_ready.recv().unwrap();
        is_ready.recv().unwrap();
        for child in [&one, &other] {
            asleep::until_asleep(child.id().try_into().unwrap());
        }
        event.set().unwrap();
        event.clear().unwrap();
        is_ready.recv().unwrap();
        is_ready.recv().unwrap();
        one.join().unwrap();
        other.join().unwrap();
        event.set().unwrap();
        assert!(event.wait_timeout(Duration::ZERO).unwrap());
        event.wait().unwrap();
    });
}

fn wait_for_notice(condition: ConditionProxy, ready: Sender<()>) {
    let guard = condition.lock().unwrap();
    ready.send(()).unwrap();
    guard.wait().unwrap();
    ready.send(()).unwrap();
}

#[test]
fn a_notification_goes_to_one_who_lives() {
    on_each("a condition", |manager| {
        let condition = manager.condition().unwrap();
        let (ready, is_ready) = ipc::channel(4).unwrap();
        let wait = || {
            let args = (condition.clone(), ready.clone());
            let child = Process::spawn(wait_for_notice, args).unwrap();
            is_ready.recv().unwrap();
            // Once the lock can be had, it waits.
            drop(condition.lock().unwrap());
            child
        };
        let (first, second) = (wait(), wait());
        // The first is notified, cannot have the lock, and dies: the second gets the notification.
        let guard = condition.lock().unwrap();
        condition.notify_one().unwrap();
        first.kill().unwrap();
        first.wait();
        drop(guard);
        is_ready.recv().unwrap();
        second.join().unwrap();
    });
}

fn notify_and_hold(condition: ConditionProxy, ready: Sender<()>) {
    let _guard = condition.lock().unwrap();
    condition.notify_all().unwrap();
    ready.send(()).unwrap();
    thread::park();
}

#[test]
fn who_comes_back_from_a_wait_is_told_of_a_holder_that_died_meanwhile() {
    on_each("a holder that dies during a wait", |manager| {
        let condition = manager.condition().unwrap();
        for timeout in [None, Some(SOON)] {
            let guard = condition.lock().unwrap();
            let (ready, is_ready) = ipc::channel(1).unwrap();
            let child = Process::spawn(notify_and_hold, (condition.clone(), ready)).unwrap();
            let killer = thread::spawn(move || kill_at(&child, &is_ready));
            match timeout {
                None => guard.wait().unwrap(),
                // Until it is the child that keeps the lock from coming back, which may notify when the time is up.
                Some(timeout) => {
                    while guard.owner_died().is_none() {
                        let _ = guard.wait_timeout(timeout).unwrap();
                    }
                }
            }
            assert_eq!(guard.owner_died(), Some(killer.join().unwrap()));
            drop(guard);
            // Told once.
            let guard = condition.lock().unwrap();
            assert_eq!(guard.owner_died(), None);
            assert!(!guard.wait_timeout(SOON).unwrap());
            assert_eq!(guard.owner_died(), None);
        }
    });
}

#[test]
fn a_wait_that_is_not_notified_in_time_has_every_level_of_the_lock_again() {
    on_each_and_from_elsewhere("a condition's time", |manager| {
        let condition = manager.condition().unwrap();
        let outer = condition.lock().unwrap();
        let inner = condition.lock().unwrap();
        assert!(!inner.wait_timeout(SOON).unwrap());
        let other = || {
            thread::scope(|scope| {
                scope.spawn(|| condition.try_lock().unwrap().is_some()).join().unwrap()
            })
        };
        assert!(!other());
        drop(inner);
        assert!(!other());
        drop(outer);
        assert!(other());
        // Notified.
        let guard = condition.lock().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _guard = condition.lock().unwrap();
                condition.notify_all().unwrap();
            });
            guard.wait().unwrap();
        });
    });
}

fn wait_at_barrier(barrier: BarrierProxy, ready: Sender<()>) {
    // From here on it sleeps for nothing else.
    barrier.waiting().unwrap();
    ready.send(()).unwrap();
    let _ = barrier.wait();
}

#[test]
fn a_barrier_lets_all_through_at_once_and_is_broken_by_a_death_a_timeout_and_an_abort() {
    on_each("a barrier", |manager| {
        let barrier = manager.barrier(3).unwrap();
        for _ in 0..3 {
            let mut places: Vec<usize> = thread::scope(|scope| {
                let parties: Vec<_> =
                    (0..3).map(|_| scope.spawn(|| barrier.wait().unwrap())).collect();
                parties.into_iter().map(|party| party.join().unwrap()).collect()
            });
            places.sort();
            assert_eq!(places, [0, 1, 2]);
        }
        let broken = |result| matches!(result, Err(ManagerError::BrokenBarrier));
        assert!(broken(barrier.wait_timeout(SOON)) && broken(barrier.wait()));
        assert!(barrier.is_broken().unwrap());
        barrier.reset().unwrap();

        let (ready, is_ready) = ipc::channel(1).unwrap();
        let child = Process::spawn(wait_at_barrier, (barrier.clone(), ready)).unwrap();
        is_ready.recv().unwrap();
        asleep::until_asleep(child.id().try_into().unwrap());
        assert_eq!(barrier.waiting().unwrap(), 1);
        thread::scope(|scope| {
            let party = scope.spawn(|| barrier.wait());
            child.kill().unwrap();
            assert!(broken(party.join().unwrap()));
        });
        child.wait();
        barrier.reset().unwrap();
        thread::scope(|scope| {
            let (said, heard) = mpsc::channel();
            let barrier = &barrier;
            let party = scope.spawn(move || {
                barrier.waiting().unwrap();
                said.send(asleep::thread_id()).unwrap();
                barrier.wait()
            });
            asleep::until_asleep(heard.recv().unwrap());
            assert_eq!(barrier.waiting().unwrap(), 1);
            barrier.reset().unwrap();
            assert!(broken(party.join().unwrap()));
        });
        assert!(!barrier.is_broken().unwrap());
        assert!(matches!(manager.barrier(0), Err(ManagerError::Panicked(_))));
    });
}

fn wait_for_item(queue: QueueProxy<u32>, ready: Sender<()>) {
    ready.send(()).unwrap();
    let _ = queue.get();
}

fn keep_item(queue: QueueProxy<u32>, ready: Sender<()>) {
    queue.get().unwrap();
    ready.send(()).unwrap();
    thread::park();
}

#[test]
fn a_queue_gives_back_what_has_no_room_and_ends_when_it_is_closed() {
    on_each_and_from_elsewhere("a queue", |manager| {
        let queue = manager.queue::<u32>(2).unwrap();
        assert!(matches!(queue.try_get(), Err(TakeError::Empty)));
        assert!(matches!(queue.get_timeout(SOON), Err(TakeError::Timeout)));
        queue.put(1).unwrap();
        queue.put(2).unwrap();
        assert!(queue.is_full().unwrap());
        assert!(matches!(queue.try_put(3), Err(PutError::Full(3))));
        assert!(matches!(queue.put_timeout(3, SOON), Err(PutError::Timeout(3))));
        thread::scope(|scope| {
            let put = scope.spawn(|| queue.put(3));
            assert_eq!(queue.get().unwrap(), 1);
            put.join().unwrap().unwrap();
        });
        queue.close().unwrap();
        assert!(matches!(queue.put(4), Err(PutError::Closed(4))));
        assert_eq!([queue.get().unwrap(), queue.get().unwrap()], [2, 3]);
        assert!(matches!(queue.get(), Err(TakeError::Closed)));
    });
}

#[test]
fn who_is_killed_while_it_waits_to_get_takes_nothing_and_its_tasks_are_not_waited_for() {
    on_each("a killed getter", |manager| {
        let queue = manager.unbounded_queue::<u32>().unwrap();
        let (ready, is_ready) = ipc::channel(1).unwrap();
        let child = Process::spawn(wait_for_item, (queue.clone(), ready.clone())).unwrap();
        kill_at(&child, &is_ready);
        queue.put(7).unwrap();
        assert_eq!(queue.get().unwrap(), 7);
        assert!(!queue.join_timeout(SOON).unwrap());
        queue.task_done().unwrap().unwrap();
        queue.join().unwrap();
        queue.task_done().unwrap().unwrap_err();

        queue.put(8).unwrap();
        let child = Process::spawn(keep_item, (queue.clone(), ready)).unwrap();
        is_ready.recv().unwrap();
        assert!(!queue.join_timeout(SOON).unwrap());
        child.kill().unwrap();
        queue.join().unwrap();
        child.wait();
    });
}
