//! One end of a pipe is killed at random moments, and every message is accounted for.
//!
//! `TANDEM_CHAOS_SECONDS` sets how long (2 by default), `TANDEM_CHAOS_SEED` repeats a run's choices.

mod stalls;
mod sys;
mod watchdog;

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ipc::{Connection, RecvError, SendError, Shared, pipe, usage};
use proc_spawn::Process;
use stalls::Stalls;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// A message's number, bytes that say so again, and a value that does.
type Message = (u64, Vec<u8>, Option<Shared<u64>>);
/// How many messages the other end has sent, or has found to be whole.
type Count = Shared<AtomicU64>;

fn message(number: u64) -> Message {
    let size = match number % 16 {
        // Larger than the ring: it goes in pieces.
        0 => 300_000,
        1 => 5000,
        n => n as usize * 3,
    };
    let value = number.is_multiple_of(3).then(|| Shared::new(number).expect("memory"));
    (number, vec![number as u8; size], value)
}

fn is_intact((number, bytes, value): &Message) -> bool {
    let expected = message(*number);
    *bytes == expected.1 && value.as_deref() == expected.2.as_deref()
}

fn send(mut connection: Connection<Message, ()>, count: Count) {
    for number in 0.. {
        if connection.send(message(number)).is_err() {
            return;
        }
        count.store(number + 1, Ordering::Release);
    }
}

/// Sends back what it finds wrong, and nothing else.
fn receive(mut connection: Connection<String, Message>, count: Count) {
    for number in 0.. {
        let Ok(message) = connection.recv() else { return };
        if message.0 != number || !is_intact(&message) {
            let _ = connection.send(format!("message {} in place of {number}", message.0));
            return;
        }
        count.store(number + 1, Ordering::Release);
    }
}

/// A child, and when it has to die.
struct Victim {
    child: Process,
    after: u64,
    killed: bool,
}

impl Victim {
    /// So many messages, and a bit of the next: where the kill meets it is the kernel's choice.
    fn kill_after(&mut self, messages: u64) {
        if messages >= self.after && !self.killed {
            self.child.kill().expect("killed");
            self.killed = true;
        }
    }
}

/// Tells how many messages went.
fn kill_the_sender(after: u64, progress: &AtomicU64) -> u64 {
    let (mut here, there) = pipe::<(), Message>().expect("a pipe");
    let sent = Shared::new(AtomicU64::new(0)).expect("memory");
    let child = Process::spawn(send, (there, sent.clone())).expect("a sender");
    let mut victim = Victim { child, after, killed: false };
    let mut received = 0;
    loop {
        victim.kill_after(received);
        match here.recv() {
            Ok(message) => {
                assert!(is_intact(&message), "message {} is damaged", message.0);
                assert_eq!(message.0, received, "the next one, neither lost nor doubled");
                received += 1;
                progress.fetch_add(1, Ordering::Relaxed);
            }
            Err(RecvError::Disconnected) => break,
            Err(error) => panic!("{error}"),
        }
    }
    victim.child.join().expect_err("it was killed");
    assert!(received >= sent.load(Ordering::Acquire), "a message that was sent is lost");
    received
}

fn kill_the_receiver(after: u64, progress: &AtomicU64) -> u64 {
    let (mut here, there) = pipe::<Message, String>().expect("a pipe");
    let received = Shared::new(AtomicU64::new(0)).expect("memory");
    let child = Process::spawn(receive, (there, received.clone())).expect("a receiver");
    let mut victim = Victim { child, after, killed: false };
    let mut sent = 0;
    loop {
        victim.kill_after(sent);
        match here.send(message(sent)) {
            Ok(()) => sent += 1,
            Err(SendError::Disconnected(message)) => {
                assert!(is_intact(&message) && message.0 == sent, "what could not be sent is back");
                break;
            }
            Err(error) => panic!("{error}"),
        }
        progress.fetch_add(1, Ordering::Relaxed);
    }
    victim.child.join().expect_err("it was killed");
    assert!(matches!(here.recv(), Err(RecvError::Disconnected)), "it has found something wrong");
    assert!(received.load(Ordering::Acquire) <= sent, "more was received than was sent");
    received.load(Ordering::Acquire)
}

fn number_from(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[test]
fn a_killed_end_of_a_pipe_takes_along_what_it_had_alone_and_the_other_end_is_told() {
    let seconds = number_from("TANDEM_CHAOS_SECONDS").unwrap_or(2);
    let mut random =
        number_from("TANDEM_CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 7 | 1);
    println!("seed {random}");
    let _watchdog = (seconds < 30).then(|| watch("chaos of pipes"));
    let before = usage().expect("a program");
    let end = Instant::now() + Duration::from_secs(seconds);
    let progress = Arc::new(AtomicU64::new(0));
    let looked_at = Arc::clone(&progress);
    let stalls = Stalls::watch(move || looked_at.load(Ordering::Relaxed));
    let (mut kills, mut total) = ([0u64; 2], 0);
    while Instant::now() < end {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (after, receiver) = (random % 200, (random >> 20) as usize % 2);
        let kill = [kill_the_sender, kill_the_receiver][receiver];
        total += kill(after, &progress);
        kills[receiver] += 1;
        progress.fetch_add(1, Ordering::Relaxed);
    }
    let seen = stalls.seen();
    println!(
        "{total} messages, {} killed senders, {} killed receivers: 0 lost, 0 doubled, 0 damaged; {} stalls, \
         no progress for {:?} at most",
        kills[0], kills[1], seen.stalls, seen.longest
    );
    assert!(kills[0] + kills[1] > 0);
    assert_eq!(seen.stalls, 0, "somebody was not told for a long time");
    assert_eq!(usage().expect("a program"), before, "something of the dead is left");
}
