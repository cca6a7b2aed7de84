//! Senders and receivers are killed at random moments, and every message is accounted for.
//!
//! `TANDEM_CHAOS_SECONDS` sets how long (2 by default, of which each kind of queue has half), `TANDEM_CHAOS_SEED` repeats a
//! run's choices.

mod stalls;
mod sys;
mod watchdog;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, io};

use ipc::{Queue, RecvError, Shared, usage};
use proc_spawn::Process;
use stalls::Stalls;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// Senders there can be in one run, one after the other.
const LIVES: usize = 8192;
/// Messages one sender sends at most.
const EACH: u64 = 512;
const WORDS: usize = LIVES * EACH as usize / 64;

/// Where a message comes from, its number, bytes that say so again, and a value that does.
type Message = (u32, u64, Vec<u8>, Option<Shared<u64>>);

/// How many puts each sender knows to have succeeded.
type Sent = Shared<[AtomicU64; LIVES]>;
/// A bit for each message that was received.
type Received = Shared<[AtomicU64; WORDS]>;
/// {doubled, damaged}, and how many were received
type Wrong = Shared<[AtomicU64; 3]>;

fn mark(life: u32, number: u64) -> u8 {
    (u64::from(life).wrapping_mul(31) + number) as u8
}

fn message(life: u32, number: u64) -> Message {
    let size = match number % 8 {
        0 => 5000,
        1 => 300,
        n => n as usize * 12,
    };
    let value = number.is_multiple_of(3).then(|| Shared::new(number).expect("memory"));
    (life, number, vec![mark(life, number); size], value)
}

fn send(queue: Queue<Message>, sent: Sent, life: u32) {
    for number in 0..EACH {
        if queue.put(message(life, number)).is_err() {
            return;
        }
        sent[life as usize].store(number + 1, Ordering::Release);
    }
}

fn receive(queue: Queue<Message>, received: Received, wrong: Wrong) {
    while let Ok(message) = queue.get() {
        account(&message, &received, &wrong);
    }
}

fn account((life, number, bytes, value): &Message, received: &Received, wrong: &Wrong) {
    wrong[2].fetch_add(1, Ordering::Relaxed);
    let intact = bytes.iter().all(|byte| *byte == mark(*life, *number))
        && value.as_ref().is_none_or(|value| **value == *number)
        && value.is_some() == number.is_multiple_of(3);
    if !intact {
        wrong[1].fetch_add(1, Ordering::Relaxed);
    }
    let index = u64::from(*life) * EACH + number;
    let bit = 1 << (index % 64);
    if received[index as usize / 64].fetch_or(bit, Ordering::Relaxed) & bit != 0 {
        wrong[0].fetch_add(1, Ordering::Relaxed);
    }
}

/// Xorshift: enough to choose whom to kill and when.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn number_from(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// What is left is counted over the whole program.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn no_message_is_lost_doubled_or_damaged_by_kills(queue: fn() -> io::Result<Queue<Message>>) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds = number_from("TANDEM_CHAOS_SECONDS").unwrap_or(2);
    let seed =
        number_from("TANDEM_CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 7 | 1);
    println!("seed {seed}");
    let _watchdog = (seconds < 30).then(|| watch("chaos"));
    // The tables are made on the stack, and are larger than a test's.
    let run = move || run(queue, Duration::from_secs(seconds) / 2, Random(seed));
    let thread = std::thread::Builder::new().stack_size(32 << 20).spawn(run);
    thread.expect("a thread").join().expect("no panic");
}

// The two kinds of ring are repaired differently.
#[test]
fn no_message_of_a_bounded_queue_is_lost_doubled_or_damaged_by_kills() {
    no_message_is_lost_doubled_or_damaged_by_kills(|| Queue::bounded(16));
}

sys::not_in_wine! {
    "wine does not tell which reserved memory was touched, where the claims of the dead are: for a real Windows, by name";
    #[test]
    fn no_message_of_an_unbounded_queue_is_lost_doubled_or_damaged_by_kills() {
        no_message_is_lost_doubled_or_damaged_by_kills(Queue::unbounded);
    }
}

fn run(queue: fn() -> io::Result<Queue<Message>>, time: Duration, mut random: Random) {
    let before = usage().expect("a program");
    let queue = queue().expect("a queue");
    let sent: Sent = Shared::new([const { AtomicU64::new(0) }; LIVES]).expect("memory");
    let received: Received = Shared::new([const { AtomicU64::new(0) }; WORDS]).expect("memory");
    let wrong: Wrong = Shared::new([const { AtomicU64::new(0) }; 3]).expect("memory");
    let (mut lives, mut kills, mut killed_receivers) = (0u32, 0u64, 0u64);

    let mut sender = || {
        let life = lives;
        lives += 1;
        Process::spawn(send, (queue.clone(), sent.clone(), life)).expect("a sender")
    };
    let receiver = || {
        let args = (queue.clone(), received.clone(), wrong.clone());
        Process::spawn(receive, args).expect("a receiver")
    };
    let mut senders = [sender(), sender(), sender()];
    let mut receivers = [receiver(), receiver()];
    let looked_at = wrong.clone();
    let stalls = Stalls::watch(move || looked_at[2].load(Ordering::Relaxed));
    let end = Instant::now() + time;
    while Instant::now() < end && kills < LIVES as u64 - 8 {
        // sleep: the moment of the kill is what is random here.
        std::thread::sleep(Duration::from_micros(random.below(4000)));
        kills += 1;
        let index = random.below(5) as usize;
        if let Some(victim) = senders.get_mut(index) {
            victim.kill().expect("killed");
            // A sender may have come to its end just before.
            let _ = std::mem::replace(victim, sender()).join();
        } else {
            let victim = &mut receivers[index - 3];
            killed_receivers += 1;
            victim.kill().expect("killed");
            let _ = std::mem::replace(victim, receiver()).join();
        }
    }

    let seen = stalls.seen();
    for sender in senders {
        sender.kill().expect("killed");
        let _ = sender.join();
    }
    queue.close();
    for receiver in receivers {
        receiver.join().expect("it ends with the queue");
    }
    assert!(matches!(queue.get(), Err(RecvError::Disconnected)));

    let (mut total, mut lost) = (0, 0);
    for life in 0..u64::from(lives) {
        for number in 0..sent[life as usize].load(Ordering::Acquire) {
            let index = life * EACH + number;
            total += 1;
            let bits = received[index as usize / 64].load(Ordering::Relaxed);
            lost += u64::from(bits & 1 << (index % 64) == 0);
        }
    }
    let [doubled, damaged] = [&wrong[0], &wrong[1]].map(|count| count.load(Ordering::Relaxed));
    println!(
        "{} queue, {total} messages, {kills} kills: {lost} lost with {killed_receivers} killed receivers, \
         {doubled} doubled, {damaged} damaged; {} stalls, no progress for {:?} at most",
        if queue.capacity().is_some() { "bounded" } else { "unbounded" },
        seen.stalls,
        seen.longest,
    );
    assert_eq!(seen.stalls, 0, "nobody got on for a long time");
    assert!(total > 0 && lost <= killed_receivers && doubled == 0 && damaged == 0);
    drop((queue, sent, received, wrong));
    assert_eq!(usage().expect("a program"), before, "something of the dead is left");
}
