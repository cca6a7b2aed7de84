//! Many starts, and many children at once.
#![cfg(target_os = "linux")]

mod watchdog;

use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use ipc::{Receiver, channel};
use proc_spawn::{Builder, Process, StartMethod, active_children};
use watchdog::{watch, watch_for};

proc_spawn::enable_test_support!();

/// The tests of this file count what the whole program has, and load the machine: one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Goes down with the test.
fn daemon() -> Builder<Process> {
    Process::builder().daemon(true)
}

const METHODS: [StartMethod; 2] = [StartMethod::Spawn, StartMethod::ForkServer];

/// What a start could leave behind: descriptors, children, objects in shared memory.
fn inventory() -> (usize, usize, u64) {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap().count();
    (descriptors, all_children().len(), ipc::usage().unwrap().objects as u64)
}

/// The memory that this process has to itself, in KiB.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Every child of this process, known to it or not, dead or alive.
fn all_children() -> Vec<u32> {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let children = threads.map(|thread| thread.unwrap().path().join("children"));
    let lists = children.filter_map(|path| fs::read_to_string(path).ok());
    lists
        .flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .map(|id| id.parse().unwrap())
        .collect()
}

fn is_within(now: (usize, usize, u64), before: (usize, usize, u64)) -> bool {
    now.0 <= before.0 && now.1 <= before.1 && now.2 <= before.2
}

fn start_many(count: u32) {
    for method in METHODS {
        let start = |n: u32| {
            let child = Process::builder().start_method(method).spawn(|n: u32| 2 * n, n).unwrap();
            assert_eq!(child.join().unwrap(), 2 * n);
        };
        (0..20).for_each(start);
        let (before, memory_before) = (inventory(), memory());
        (0..count).for_each(start);
        // The thread that looks after the children may be a moment behind.
        while !is_within(inventory(), before) {
            thread::yield_now();
        }
        assert!(memory() < memory_before + 512, "{memory_before} KiB before, {} after", memory());
    }
}

#[test]
fn many_starts_leave_descriptors_zombies_and_memory_as_they_were() {
    let _alone = alone();
    let _watchdog = watch("many starts");
    daemon().spawn(start_many, 150).unwrap().join().unwrap();
}

#[test]
#[ignore = "takes minutes: cargo xtask nightly"]
fn ten_thousand_starts_leave_descriptors_zombies_and_memory_as_they_were() {
    let _alone = alone();
    let _watchdog = watch_for("very many starts", Duration::from_secs(600));
    daemon().spawn(start_many, 10_000).unwrap().join().unwrap();
}

fn start_at_once(count: u32) {
    for method in METHODS {
        let (go, wait) = channel::<()>(count as usize).unwrap();
        let work = |wait: Receiver<()>, n: u32| {
            wait.recv().unwrap();
            n
        };
        let start = |n| Process::builder().start_method(method).spawn(work, (wait.clone(), n));
        let children: Vec<_> = (0..count).map(|n| start(n).unwrap()).collect();
        assert_eq!(active_children().len(), count as usize);
        (0..count).for_each(|_| go.send(()).unwrap());
        for (n, child) in (0..).zip(children) {
            assert_eq!(child.join().unwrap(), n);
        }
    }
}

#[test]
fn two_hundred_children_live_at_once() {
    let _alone = alone();
    let _watchdog = watch("many children");
    daemon().spawn(start_at_once, 200).unwrap().join().unwrap();
}
