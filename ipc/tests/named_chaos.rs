//! Processes that create, attach and unlink a few names are killed at random moments: no living
//! memory loses its name, none has wrong content, and nothing is left.
//!
//! `TANDEM_CHAOS_SECONDS` sets how long (2 by default), `TANDEM_CHAOS_SEED` repeats a run's choices.
#![cfg(target_os = "linux")]

mod watchdog;

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::{Duration, Instant};

use ipc::{Shared, SharedMemory};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

const NAMES: u64 = 5;
/// Those below are never unlinked, so whoever has one can rely on the name.
const UNLINKED_FROM: u64 = 3;
const SIZE: usize = 4 << 10;

/// What was seen, in all processes.
#[derive(Debug)]
enum Seen {
    Created,
    Attached,
    Unlinked,
    /// A name was free or missing although its memory was in use.
    LivingReaped,
    /// Bytes that nobody wrote to this memory.
    WrongContent,
    /// An answer that is none of those there can be.
    WrongError,
}

type Ledger = Shared<[AtomicU64; 6]>;

fn note(ledger: &Ledger, seen: Seen, why: &str) {
    if matches!(seen, Seen::LivingReaped | Seen::WrongContent | Seen::WrongError) {
        eprintln!("{seen:?}: {why}");
    }
    ledger[seen as usize].fetch_add(1, Ordering::Relaxed);
}

/// Xorshift: enough to choose.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }
}

/// Memory under name `index`; `stamp` is what was written to it, or 0 if its creator did not come to
/// that.
struct Held {
    index: u64,
    stamp: u64,
    memory: SharedMemory,
}

fn content(stamp: u64) -> Vec<u8> {
    let mut random = Random(stamp);
    (8..SIZE).step_by(8).flat_map(|_| random.next().to_ne_bytes()).collect()
}

fn write(memory: &SharedMemory, stamp: u64) {
    memory.write_at(&content(stamp), 8).expect("within");
    // Pairs with the fence in `read`.
    fence(Ordering::Release);
    memory.write_at(&stamp.to_ne_bytes(), 0).expect("within");
}

/// The stamp, and whether the content is that of the stamp and the stamp that of the name.
fn read(memory: &SharedMemory, index: u64) -> (u64, bool) {
    let mut stamp = [0; 8];
    memory.read_at(&mut stamp, 0).expect("within");
    let stamp = u64::from_ne_bytes(stamp);
    // Pairs with the fence in `write`.
    fence(Ordering::Acquire);
    let mut bytes = vec![0; SIZE - 8];
    memory.read_at(&mut bytes, 8).expect("within");
    let right = stamp == 0 || (stamp % NAMES == index && bytes == content(stamp));
    (stamp, right && memory.len() == SIZE)
}

/// What one process does until it is killed.
fn live(run: String, ledger: Ledger, seed: u64) {
    let mut random = Random(seed | 1);
    let mut held: Vec<Held> = Vec::new();
    loop {
        let index = random.below(NAMES);
        let name = format!("{run}-{index}");
        let relied_on = held.iter().find(|it| it.index == index && index < UNLINKED_FROM);
        let relied_on = relied_on.map(|it| it.stamp);
        match random.below(5) {
            0 => match SharedMemory::create_named(&name, SIZE) {
                Ok(memory) => {
                    if relied_on.is_some() {
                        note(&ledger, Seen::LivingReaped, &format!("{name} was created anew"));
                    }
                    let mut bytes = vec![1; SIZE];
                    memory.read_at(&mut bytes, 0).expect("within");
                    if bytes.iter().any(|byte| *byte != 0) {
                        note(&ledger, Seen::WrongContent, "new memory is not zero");
                    }
                    let stamp = (random.next() / NAMES / 2 + 1) * NAMES + index;
                    write(&memory, stamp);
                    note(&ledger, Seen::Created, &name);
                    held.push(Held { index, stamp, memory });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => note(&ledger, Seen::WrongError, &format!("create: {error}")),
            },
            1 | 2 => match SharedMemory::attach(&name) {
                Ok(memory) => {
                    let (stamp, right) = read(&memory, index);
                    let same = relied_on.is_none_or(|known| known == 0 || known == stamp);
                    if !right || !same {
                        note(&ledger, Seen::WrongContent, &format!("attached {name}"));
                    }
                    note(&ledger, Seen::Attached, &name);
                    held.push(Held { index, stamp, memory });
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    if relied_on.is_some() {
                        note(&ledger, Seen::LivingReaped, &format!("{name} is missing"));
                    }
                }
                Err(error) => note(&ledger, Seen::WrongError, &format!("attach: {error}")),
            },
            3 => {
                let Some(it) = held.iter().find(|it| it.index >= UNLINKED_FROM) else { continue };
                match it.memory.unlink() {
                    Ok(()) => note(&ledger, Seen::Unlinked, &name),
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => note(&ledger, Seen::WrongError, &format!("unlink: {error}")),
                }
            }
            _ => {
                for it in &held {
                    let (stamp, right) = read(&it.memory, it.index);
                    if !right || (it.stamp != 0 && it.stamp != stamp) {
                        note(&ledger, Seen::WrongContent, "memory that was held");
                    }
                }
                let keep = random.below(4) as usize;
                while held.len() > keep {
                    held.swap_remove(random.below(held.len() as u64) as usize);
                }
            }
        }
    }
}

fn number_from(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// The files that are there for names of this run.
fn files(run: &str) -> Vec<String> {
    let user = fs::metadata("/proc/self").expect("proc").uid();
    let Ok(entries) = fs::read_dir(format!("/dev/shm/tandem-{user}")) else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(run)).collect()
}

/// Waits for a test elsewhere that has found a dead name at the same moment, and is just removing it.
fn until_gone(run: &str) {
    while !files(run).is_empty() {
        std::thread::yield_now();
    }
}

#[test]
fn no_living_name_is_reaped_and_none_is_left() {
    let seconds = number_from("TANDEM_CHAOS_SECONDS").unwrap_or(2);
    let seed =
        number_from("TANDEM_CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 7 | 1);
    println!("seed {seed}");
    let _watchdog = (seconds < 30).then(|| watch("chaos of names"));
    let mut random = Random(seed);
    let run = format!("chaos-{}", std::process::id());
    let ledger: Ledger = Shared::new([const { AtomicU64::new(0) }; 6]).expect("memory");
    let start = |random: &mut Random| {
        let args = (run.clone(), ledger.clone(), random.next());
        Process::builder().daemon(true).spawn(live, args).expect("a process")
    };
    let (mut kills, mut clean_slates) = (0, 0);
    let mut lives = [(); 4].map(|()| start(&mut random));
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        // sleep: the moment of the kill is what is random here.
        std::thread::sleep(Duration::from_micros(random.below(3000)));
        let victim = &mut lives[random.below(4) as usize];
        victim.kill().expect("killed");
        kills += 1;
        std::mem::replace(victim, start(&mut random)).join().expect_err("it was killed");
        if kills % 64 == 0 {
            for life in lives {
                life.kill().expect("killed");
                life.join().expect_err("it was killed");
            }
            // All of them are gone, so all names are free.
            for index in 0..NAMES {
                let name = format!("{run}-{index}");
                assert_eq!(SharedMemory::create_named(&name, 1).expect("free").len(), 1);
            }
            until_gone(&run);
            clean_slates += 1;
            lives = [(); 4].map(|()| start(&mut random));
        }
    }
    for life in lives {
        life.kill().expect("killed");
        life.join().expect_err("it was killed");
    }
    let left = files(&run).len();
    drop(SharedMemory::create(1).expect("memory"));
    until_gone(&run);
    let [created, attached, unlinked, reaped, wrong, errors] =
        std::array::from_fn(|index| ledger[index].load(Ordering::Relaxed));
    println!(
        "{kills} kills, {clean_slates} clean slates; {created} created, {attached} attached, \
         {unlinked} unlinked; {reaped} living reaped, {wrong} wrong contents, {errors} wrong errors; \
         {left} files left, none after the next use of a name"
    );
    assert!(created > 0 && attached > 0);
    assert_eq!((reaped, wrong, errors), (0, 0, 0));
}
