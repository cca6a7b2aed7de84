//! Many starts, many children at once, and death at any moment.

mod watchdog;

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use ipc::{Receiver, RecvError, Sender, channel};
use proc_spawn::{Builder, JoinError, Process, SpawnError, StartMethod, active_children};
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
#[ignore = "long: cargo xtask nightly"]
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

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn kill(id: u32) {
    let id = id.to_string();
    // It may be gone.
    Command::new("kill").args(["-9", &id]).stderr(Stdio::null()).status().unwrap();
}

fn work(_alive: Sender<()>, n: u64, turns: u64) -> u64 {
    for _ in 0..turns {
        thread::yield_now();
    }
    2 * n
}

/// Starts children, by both methods, and kills some, its fork servers included, for ever.
fn family(alive: Sender<()>, seed: u64) {
    let mut dice = Dice(seed | 1);
    loop {
        let mut children = Vec::new();
        for n in 0..4 {
            let method = METHODS[dice.roll(2) as usize];
            let builder = Process::builder().daemon(true).start_method(method);
            match builder.spawn(work, (alive.clone(), n, dice.roll(200))) {
                Ok(child) => children.push((n, child)),
                // Its server was killed each time.
                Err(SpawnError::System { .. }) if method == StartMethod::ForkServer => {}
                Err(error) => panic!("{error}"),
            }
            let everybody = all_children();
            if dice.roll(3) == 0 && !everybody.is_empty() {
                kill(everybody[dice.roll(everybody.len() as u64) as usize]);
            }
        }
        for (n, child) in children {
            match child.join() {
                Ok(double) => assert_eq!(double, 2 * n),
                Err(JoinError::Crashed { signal: 9, .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Kills whole families at random moments.
fn kill_families(time: Duration) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let mut dice = Dice(now.as_nanos() as u64 | 1);
    let end = Instant::now() + time;
    while Instant::now() < end {
        let (alive, dead) = channel::<()>(1).unwrap();
        let head = daemon().spawn(family, (alive, dice.roll(u64::MAX))).unwrap();
        // sleep: the moment of the kill is random, and that is the test
        thread::sleep(Duration::from_micros(dice.roll(60_000)));
        head.kill().unwrap();
        let killed = head.join();
        assert!(matches!(killed, Err(JoinError::Crashed { signal: 9, .. })), "{killed:?}");
        // Nobody of the family is left.
        let left = dead.recv_timeout(Duration::from_secs(1));
        assert!(matches!(left, Err(RecvError::Disconnected)), "{left:?}");
    }
}

#[test]
fn whoever_is_killed_there_is_no_orphan_no_hang_and_no_wrong_result() {
    let _alone = alone();
    let _watchdog = watch("a massacre");
    kill_families(Duration::from_millis(2500));
}

#[test]
#[ignore = "long: cargo xtask nightly"]
fn whoever_is_killed_for_minutes_there_is_no_orphan_no_hang_and_no_wrong_result() {
    let _alone = alone();
    let _watchdog = watch_for("a long massacre", Duration::from_secs(300));
    kill_families(Duration::from_secs(120));
}
