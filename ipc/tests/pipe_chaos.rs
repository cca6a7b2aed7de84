//! The sender of a pipe is killed at random moments, and every message is accounted for.
//!
//! `TANDEM_CHAOS_SECONDS` sets how long (2 by default), `TANDEM_CHAOS_SEED` repeats a run's choices.

mod watchdog;

use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ipc::{Connection, RecvError, Shared, pipe, usage};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// A message's number, bytes that say so again, and a value that does.
type Message = (u64, Vec<u8>, Option<Shared<u64>>);

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

fn send(mut connection: Connection<Message, ()>, sent: Shared<AtomicU64>) {
    for number in 0.. {
        if connection.send(message(number)).is_err() {
            return;
        }
        sent.store(number + 1, Ordering::Release);
    }
}

fn number_from(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[test]
fn a_killed_sender_of_a_pipe_takes_no_message_along_that_it_had_sent() {
    let seconds = number_from("TANDEM_CHAOS_SECONDS").unwrap_or(2);
    let mut random =
        number_from("TANDEM_CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 7 | 1);
    println!("seed {random}");
    let _watchdog = (seconds < 30).then(|| watch("chaos of pipes"));
    let before = usage().expect("a program");
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut kills, mut total, mut longest) = (0, 0, Duration::ZERO);
    while Instant::now() < end {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (mut here, there) = pipe::<(), Message>().expect("a pipe");
        let sent = Shared::new(AtomicU64::new(0)).expect("memory");
        let child = Process::spawn(send, (there, sent.clone())).expect("a sender");
        // So many messages, and a bit of the next: where the kill meets it is the kernel's choice.
        let (before_kill, mut received) = (random % 200, 0);
        let mut killed = None;
        loop {
            if received == before_kill && killed.is_none() {
                child.kill().expect("killed");
                killed = Some(Instant::now());
                kills += 1;
            }
            match here.recv() {
                Ok(message) => {
                    assert!(is_intact(&message), "message {} is damaged", message.0);
                    assert_eq!(message.0, received, "the next one, neither lost nor doubled");
                    received += 1;
                }
                Err(RecvError::Disconnected) => break,
                Err(error) => panic!("{error}"),
            }
        }
        longest = longest.max(killed.expect("it was sent a signal").elapsed());
        child.join().expect_err("it was killed");
        assert!(received >= sent.load(Ordering::Acquire), "a message that was sent is lost");
        total += received;
    }
    println!(
        "{total} messages, {kills} kills: 0 lost, 0 doubled, 0 damaged; from a kill to the end {longest:?} at most"
    );
    assert!(kills > 0);
    assert_eq!(usage().expect("a program"), before, "something of the dead is left");
}
