//! What a manager's server has sent to a client that is killed before it receives it is the next one's.
#![cfg(target_os = "linux")]

#[expect(dead_code, unreachable_pub, reason = "another suite uses the rest")]
#[path = "../../sync-prims/tests/stepping/asleep.rs"]
mod asleep;
mod watchdog;

use std::fs;
use std::process::Command;
use std::thread;

use ipc::{Address, ConditionProxy, Host, LockProxy, Manager, QueueProxy, SemaphoreProxy, Sender};
use proc_spawn::{Process, Thread};
use serde::{Deserialize, Serialize};
use watchdog::watch;

proc_spawn::enable_test_support!();

const KEY: &[u8] = b"correct horse battery staple";

#[derive(Clone, Serialize, Deserialize)]
struct Objects {
    queue: QueueProxy<u32>,
    lock: LockProxy,
    semaphore: SemaphoreProxy,
    condition: ConditionProxy,
}

/// How a client comes to its proxies.
#[derive(Serialize, Deserialize)]
enum Reach {
    Given(Box<Objects>),
    Connects(Address),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Wait {
    Item,
    Lock,
    Permit,
    Notice,
}

fn client(reach: Reach, wait: Wait, ready: Sender<()>) {
    let _manager;
    let objects = match reach {
        Reach::Given(objects) => *objects,
        Reach::Connects(address) => {
            let manager = Manager::connect(&address, KEY).unwrap();
            let objects = Objects {
                queue: manager.find("queue").unwrap(),
                lock: manager.find("lock").unwrap(),
                semaphore: manager.find("semaphore").unwrap(),
                condition: manager.find("condition").unwrap(),
            };
            _manager = manager;
            objects
        }
    };
    // Comes back when the server has dealt with the death.
    let _permit = objects.semaphore.try_acquire().unwrap();
    // After it is ready it sleeps for nothing but what it waits for.
    let be_ready = || ready.send(()).unwrap();
    match wait {
        Wait::Item => {
            be_ready();
            drop(objects.queue.get());
        }
        Wait::Lock => {
            be_ready();
            drop(objects.lock.lock());
        }
        Wait::Permit => {
            be_ready();
            drop(objects.semaphore.acquire());
        }
        Wait::Notice => {
            let guard = objects.condition.lock().unwrap();
            be_ready();
            guard.wait().unwrap();
        }
    }
}

/// A client that does not outlive the test, also if that fails while it is stopped.
struct Waiting(Process<()>);

impl Waiting {
    /// Stops it while all its threads sleep: one that was stopped while it had the program's heap to itself
    /// would keep it from all others.
    fn stop(&self) {
        self.threads().for_each(asleep::until_asleep);
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-STOP", &pid]).status().unwrap().success());
        // The signal stops one thread, and that one the others.
        for thread in self.threads() {
            while !is_stopped(thread) {
                thread::yield_now();
            }
        }
    }

    fn threads(&self) -> impl Iterator<Item = i32> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0.id())).unwrap();
        threads.map(|thread| thread.unwrap().file_name().to_str().unwrap().parse().unwrap())
    }
}

fn is_stopped(thread: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{thread}/stat")).unwrap();
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        self.0.wait();
    }
}

/// Clients that each wait for something, one way to reach the server and on one host.
struct Stage {
    _manager: Manager,
    objects: Objects,
    address: Option<Address>,
}

impl Stage {
    fn new<H: Host>(address: Option<Address>) -> Stage {
        let manager = Manager::start::<H>().unwrap();
        let objects = Objects {
            queue: manager.unbounded_queue().unwrap(),
            lock: manager.lock().unwrap(),
            semaphore: manager.semaphore(0).unwrap(),
            condition: manager.condition().unwrap(),
        };
        manager.publish("queue", &objects.queue).unwrap();
        manager.publish("lock", &objects.lock).unwrap();
        manager.publish("semaphore", &objects.semaphore).unwrap();
        manager.publish("condition", &objects.condition).unwrap();
        let address = address.map(|address| manager.serve(&address, KEY).unwrap());
        Stage { _manager: manager, objects, address }
    }

    /// A client that waits.
    fn waiting(&self, wait: Wait) -> Waiting {
        let (ready, is_ready) = ipc::channel(1).unwrap();
        let reach = match &self.address {
            Some(address) => Reach::Connects(address.clone()),
            None => Reach::Given(Box::new(self.objects.clone())),
        };
        let child = Process::spawn(client, (reach, wait, ready)).unwrap();
        is_ready.recv().unwrap();
        // Who waits for a notice waits when the lock can be had.
        drop(self.objects.condition.lock().unwrap());
        asleep::until_asleep(child.id().try_into().unwrap());
        Waiting(child)
    }

    /// A client that waits and is stopped while it does: it will not see that it has been answered.
    fn stopped(&self, wait: Wait) -> Waiting {
        let child = self.waiting(wait);
        child.stop();
        child
    }

    /// Kills a client that had a permit, and returns when the server knows.
    fn bury(&self, child: Waiting) {
        drop(child);
        self.objects.semaphore.acquire().unwrap().forget();
    }
}

/// Calls `f` with a server on each host, whose clients reach it in each way; once more if `f` says that a
/// client was stopped before it had asked, as it slept for something else.
fn on_each(what: &'static str, f: impl Fn(&Stage) -> bool) {
    let _watchdog = watch(what);
    let tcp = || Some(Address::Tcp(([127, 0, 0, 1], 0).into()));
    while !f(&Stage::new::<Process>(None)) {}
    while !f(&Stage::new::<Thread>(None)) {}
    while !f(&Stage::new::<Process>(tcp())) {}
    while !f(&Stage::new::<Thread>(tcp())) {}
}

#[test]
fn items_that_were_sent_to_the_dead_are_gotten_by_others_in_their_order() {
    on_each("items", |stage| {
        let queue = &stage.objects.queue;
        stage.objects.semaphore.release(2).unwrap();
        let (first, second) = (stage.stopped(Wait::Item), stage.stopped(Wait::Item));
        (1..=3).for_each(|item| queue.put(item).unwrap());
        // Both are answered, as nobody else gets any.
        if queue.len().unwrap() != 1 {
            return false;
        }
        stage.bury(second);
        assert_eq!(queue.get().unwrap(), 2);
        stage.bury(first);
        assert_eq!([queue.get().unwrap(), queue.get().unwrap()], [1, 3]);
        (0..3).for_each(|_| queue.task_done().unwrap().unwrap());
        queue.join().unwrap();
        queue.task_done().unwrap().unwrap_err();
        true
    });
}

#[test]
fn what_was_received_is_not_given_to_others() {
    on_each("received", |stage| {
        let queue = &stage.objects.queue;
        let child = stage.waiting(Wait::Item);
        queue.put(1).unwrap();
        child.0.wait();
        // Its tasks went with it.
        queue.join().unwrap();
        assert!(queue.is_empty().unwrap());
        true
    });
}

#[test]
fn a_lock_that_was_given_to_the_dead_was_never_held() {
    on_each("a lock", |stage| {
        let lock = &stage.objects.lock;
        let guard = lock.lock().unwrap();
        let child = stage.stopped(Wait::Lock);
        drop(guard);
        if !lock.is_locked().unwrap() {
            return false;
        }
        drop(child);
        assert_eq!(lock.lock().unwrap().owner_died(), None);
        true
    });
}

#[test]
fn a_permit_that_was_given_to_the_dead_is_taken_by_another() {
    on_each("a permit", |stage| {
        let semaphore = &stage.objects.semaphore;
        let child = stage.stopped(Wait::Permit);
        semaphore.release(1).unwrap();
        if semaphore.available().unwrap() != 0 {
            return false;
        }
        drop(child);
        let permit = semaphore.acquire().unwrap();
        assert_eq!(semaphore.available().unwrap(), 0);
        drop(permit);
        assert_eq!(semaphore.available().unwrap(), 1);
        true
    });
}

#[test]
fn a_notification_that_was_sent_to_the_dead_wakes_another() {
    on_each("a notification", |stage| {
        let condition = &stage.objects.condition;
        let (first, second) = (stage.stopped(Wait::Notice), stage.waiting(Wait::Notice));
        condition.notify_one().unwrap();
        // The first has the lock, and does not know.
        assert!(condition.try_lock().unwrap().is_none());
        drop(first);
        second.0.wait();
        assert_eq!(condition.lock().unwrap().owner_died(), None);
        true
    });
}

fn get_on_four_threads(objects: Objects, ready: Sender<i32>) {
    let _permit = objects.semaphore.acquire().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                objects.queue.len().unwrap();
                ready.send(asleep::thread_id()).unwrap();
                drop(objects.queue.get());
            });
        }
    });
}

#[test]
fn several_answers_that_one_client_has_not_received_go_back_in_their_order() {
    on_each("several answers", |stage| {
        if stage.address.is_some() {
            // The same, but for how the client came to its proxies.
            return true;
        }
        let queue = &stage.objects.queue;
        stage.objects.semaphore.release(1).unwrap();
        let (ready, is_ready) = ipc::channel(4).unwrap();
        let child = Process::spawn(get_on_four_threads, (stage.objects.clone(), ready)).unwrap();
        let child = Waiting(child);
        let threads = [0; 4].map(|_| is_ready.recv().unwrap());
        threads.into_iter().for_each(asleep::until_asleep);
        child.stop();
        (1..=6).for_each(|item| queue.put(item).unwrap());
        if queue.len().unwrap() != 2 {
            return false;
        }
        stage.bury(child);
        let gotten: Vec<u32> = (0..6).map(|_| queue.get().unwrap()).collect();
        assert_eq!(gotten, [1, 2, 3, 4, 5, 6]);
        true
    });
}
