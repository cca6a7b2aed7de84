//! Pipes between threads and processes.

mod watchdog;

use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ipc::{Connection, RecvError, SendError, pipe, usage};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

const SHORT: Duration = Duration::from_millis(20);

fn echo(mut connection: Connection<Vec<u8>, Vec<u8>>) {
    while let Ok(message) = connection.recv() {
        connection.send(message).unwrap();
    }
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Nobody else makes or drops anything while a test counts.
fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn messages_of_every_size_go_both_ways_between_processes() {
    let _alone = alone();
    let _watchdog = watch("an echo");
    let (mut here, there) = pipe().unwrap();
    let child = Process::spawn(echo, there).unwrap();
    for size in [0, 1, 7, 8, 1000, 65_000, 65_536, 70_000, 262_144, 3_000_001] {
        let message = vec![size as u8; size];
        here.send(message.clone()).unwrap();
        assert_eq!(here.recv().unwrap(), message, "{size} bytes");
    }
    drop(here);
    child.join().unwrap();
}

#[test]
fn many_small_messages_keep_their_order_through_the_ring_s_end() {
    let _alone = alone();
    let _watchdog = watch("a stream");
    let (mut here, mut there) = pipe::<(u64, Vec<u8>), ()>().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            for n in 0..100_000 {
                here.send((n, vec![n as u8; (n % 50) as usize])).unwrap();
            }
        });
        for n in 0..100_000 {
            let (number, bytes) = there.recv().unwrap();
            assert_eq!((number, bytes), (n, vec![n as u8; (n % 50) as usize]));
        }
        assert!(matches!(there.recv(), Err(RecvError::Disconnected)));
    });
}

#[test]
fn both_ends_that_wait_for_ever_are_told_of_the_deadlock() {
    let _alone = alone();
    let _watchdog = watch("a deadlock");
    for _ in 0..200 {
        let (mut here, mut there) = pipe::<u8, u8>().unwrap();
        let other = thread::spawn(move || {
            let told = matches!(there.recv(), Err(RecvError::Deadlock));
            there.send(7).unwrap();
            told
        });
        assert!(matches!(here.recv(), Err(RecvError::Deadlock)));
        // The pipe is good after that. Until the other end has woken from its wait, it waits still.
        let seven = loop {
            match here.recv() {
                Err(RecvError::Deadlock) => {}
                other => break other.unwrap(),
            }
        };
        assert_eq!(seven, 7);
        assert!(other.join().unwrap());
    }
}

#[test]
fn ends_that_begin_to_wait_at_the_same_moment_are_told_all_the_same() {
    let _alone = alone();
    let _watchdog = watch("a deadlock of two that ask each other");
    let (mut here, mut there) = pipe::<u8, u8>().unwrap();
    let together = Arc::new(Barrier::new(2));
    let rounds = 20_000;
    let other = thread::spawn({
        let together = Arc::clone(&together);
        move || {
            for _ in 0..rounds {
                together.wait();
                assert!(matches!(there.recv(), Err(RecvError::Deadlock)));
            }
        }
    });
    for _ in 0..rounds {
        together.wait();
        assert!(matches!(here.recv(), Err(RecvError::Deadlock)));
    }
    other.join().unwrap();
}

#[test]
fn a_request_and_its_answer_are_no_deadlock() {
    let _alone = alone();
    let _watchdog = watch("ping-pong");
    let (mut here, mut there) = pipe::<u32, u32>().unwrap();
    let other = thread::spawn(move || {
        while let Ok(n) = there.recv() {
            there.send(n + 1).unwrap();
        }
    });
    for n in 0..5_000 {
        here.send(n).unwrap();
        assert_eq!(here.recv().unwrap(), n + 1);
    }
    drop(here);
    other.join().unwrap();
}

#[test]
fn a_dead_peer_is_a_disconnect_and_not_a_deadlock() {
    let _alone = alone();
    let _watchdog = watch("a dead peer");
    for _ in 0..20 {
        let (mut here, there) = pipe::<u8, u8>().unwrap();
        let child = Process::spawn(
            |mut there: Connection<u8, u8>| {
                there.send(1).unwrap();
                let _ = there.recv();
            },
            there,
        )
        .unwrap();
        assert_eq!(here.recv().unwrap(), 1);
        child.kill().unwrap();
        // It may have been blocked by then: it cannot say so any more.
        assert!(matches!(here.recv(), Err(RecvError::Disconnected)));
        assert!(matches!(here.send(2), Err(SendError::Disconnected(2))));
        child.join().unwrap_err();
    }
}

#[test]
fn half_a_message_of_a_killed_sender_is_not_received() {
    let _alone = alone();
    let _watchdog = watch("half a message");
    let (mut here, there) = pipe::<(), Vec<u8>>().unwrap();
    let child = Process::spawn(
        |mut there: Connection<Vec<u8>, ()>| {
            there.send(vec![1]).unwrap();
            // More than there is room for: it is in the middle of this when it is killed.
            there.send(vec![2; 4 << 20]).unwrap();
        },
        there,
    )
    .unwrap();
    assert!(here.poll(Duration::from_secs(50)));
    assert_eq!(here.recv().unwrap(), [1]);
    child.kill().unwrap();
    child.join().unwrap_err();
    assert!(matches!(here.recv(), Err(RecvError::Disconnected)));
}

#[test]
fn a_message_that_is_not_sent_in_time_is_called_off() {
    let _alone = alone();
    let (mut here, mut there) = pipe::<Vec<u8>, ()>().unwrap();
    let before = Instant::now();
    let large = vec![1; 1 << 20];
    let sent = here.send_bytes_timeout(&large, SHORT);
    assert!(matches!(sent, Err(SendError::Timeout(()))), "nobody makes room");
    assert!(before.elapsed() >= SHORT);
    assert!(matches!(there.recv_timeout(SHORT), Err(RecvError::Timeout)));
    here.send(vec![2]).unwrap();
    assert_eq!(there.recv().unwrap(), [2]);
}

#[test]
fn a_value_larger_than_the_pipe_is_taken_when_that_is_empty() {
    let _alone = alone();
    let before = usage().unwrap();
    let (mut here, mut there) = pipe::<Vec<u8>, ()>().unwrap();
    let large = vec![1; 2 << 20];
    here.send(vec![2]).unwrap();
    assert!(matches!(here.try_send(large.clone()), Err(SendError::Full(back)) if back == large));
    let began = Instant::now();
    let sent = here.send_timeout(large.clone(), SHORT);
    assert!(matches!(sent, Err(SendError::Timeout(back)) if back == large));
    assert!(began.elapsed() >= SHORT);
    assert_eq!(there.recv().unwrap(), [2]);
    assert!(matches!(there.try_recv(), Err(RecvError::Empty)));
    // Two are never under way, or a pipe would hold all the memory there is.
    here.try_send(large.clone()).unwrap();
    assert!(matches!(here.try_send(large.clone()), Err(SendError::Full(_))));
    here.try_send(vec![3]).unwrap();
    assert!(there.poll(Duration::ZERO));
    assert!(there.recv().unwrap() == large);
    assert_eq!(there.recv().unwrap(), [3]);
    thread::scope(|scope| {
        scope.spawn(|| (0..20).for_each(|_| here.send(large.clone()).unwrap()));
        (0..20).for_each(|_| assert!(there.recv().unwrap() == large));
    });
    here.try_send(large.clone()).unwrap();
    drop(there);
    assert!(
        matches!(here.send(large.clone()), Err(SendError::Disconnected(back)) if back == large)
    );
    drop(here);
    assert_eq!(usage().unwrap(), before, "the last one was never received");
}

#[test]
fn a_full_stream_gives_the_value_back() {
    let _alone = alone();
    let (mut here, mut there) = pipe::<Vec<u8>, ()>().unwrap();
    let mut sent = 0;
    let back = loop {
        match here.try_send(vec![5; 1000]) {
            Ok(()) => sent += 1,
            Err(SendError::Full(value)) => break value,
            Err(error) => panic!("{error}"),
        }
    };
    assert!(sent > 200 && back == vec![5; 1000]);
    assert!(matches!(there.try_recv(), Ok(value) if value == back));
    here.try_send(back).unwrap();
    drop(there);
    assert!(matches!(here.try_send(Vec::new()), Err(SendError::Disconnected(_))));
}

#[test]
fn bytes_and_values_are_never_taken_for_each_other() {
    let _alone = alone();
    let (mut here, mut there) = pipe::<Vec<u8>, ()>().unwrap();
    here.send_bytes(&[3, 1, 2, 3]).unwrap();
    assert!(matches!(there.recv(), Err(RecvError::Decode(_))));
    here.send(vec![1, 2, 3]).unwrap();
    assert!(matches!(there.recv_bytes(), Err(RecvError::Decode(_))));
    here.send_bytes(b"hello").unwrap();
    assert_eq!(there.recv_bytes().unwrap(), b"hello");
    here.send_bytes(b"hello").unwrap();
    let mut buffer = [0; 8];
    assert_eq!(there.recv_bytes_into(&mut buffer).unwrap(), 5);
    assert_eq!(&buffer[..5], b"hello");
    here.send_bytes(b"much too long").unwrap();
    let Err(RecvError::BufferTooShort { message }) = there.recv_bytes_into(&mut buffer) else {
        panic!("it does not fit");
    };
    assert_eq!(message, b"much too long");
}

#[test]
fn a_buffer_gets_a_message_of_any_length_or_the_whole_comes_with_the_error() {
    let _alone = alone();
    let _watchdog = watch("messages into buffers");
    let (mut here, mut there) = pipe::<Vec<u8>, u8>().unwrap();
    let bytes = |len: usize| -> Vec<u8> { (0..len).map(|n| (n % 251) as u8).collect() };
    let lengths = [0, 1, 8, 65_535, 65_536, 65_537, 200_000, 1_000_001];
    let sending = thread::spawn(move || {
        for len in lengths {
            for _ in 0..3 {
                here.send_bytes(&bytes(len)).unwrap();
            }
            here.send(bytes(len)).unwrap();
            // Called off halfway, as there is nobody who would take all of it so soon.
            let late = here.send_bytes_timeout(&bytes(3_000_000), Duration::ZERO);
            assert!(matches!(late, Err(SendError::Timeout(()))), "{late:?}");
            here.send_bytes(&[7]).unwrap();
            assert_eq!(here.recv().unwrap(), 7);
        }
    });
    let mut buffer = vec![0; 1_100_000];
    for len in lengths {
        assert_eq!(there.recv_bytes_into(&mut buffer[..len]).unwrap(), len);
        assert_eq!(buffer[..len], bytes(len));
        assert!(there.poll(Duration::from_secs(10)));
        assert_eq!(there.recv_bytes_into(&mut buffer).unwrap(), len);
        assert_eq!(buffer[..len], bytes(len));
        let short = there.recv_bytes_into(&mut buffer[..len.saturating_sub(1)]);
        match short {
            Err(RecvError::BufferTooShort { message }) => assert_eq!(message, bytes(len)),
            other => assert!(len == 0 && matches!(other, Ok(0)), "{other:?}"),
        }
        let value = there.recv_bytes_into(&mut buffer);
        assert!(matches!(value, Err(RecvError::Decode(_))), "{value:?}");
        assert_eq!((there.recv_bytes_into(&mut buffer).unwrap(), buffer[0]), (1, 7));
        there.send(7).unwrap();
    }
    sending.join().unwrap();
}

#[test]
fn the_halves_of_an_end_work_on_their_own() {
    let _alone = alone();
    let _watchdog = watch("halves");
    let (here, mut there) = pipe::<u32, u32>().unwrap();
    let (mut sender, mut receiver) = here.split();
    let sending = thread::spawn(move || (0..1000).for_each(|n| sender.send(n).unwrap()));
    let answering = thread::spawn(move || {
        while let Ok(n) = there.recv() {
            if there.send(n * 2).is_err() {
                break;
            }
        }
    });
    for n in 0..1000 {
        assert_eq!(receiver.recv().unwrap(), n * 2);
    }
    sending.join().unwrap();
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
    answering.join().unwrap();
}

#[test]
fn poll_tells_of_whole_messages_only() {
    let _alone = alone();
    let (mut here, mut there) = pipe::<Vec<u8>, ()>().unwrap();
    assert!(matches!(here.send_bytes_timeout(&[0; 1 << 20], SHORT), Err(SendError::Timeout(()))));
    assert!(!there.poll(Duration::ZERO));
    here.send(vec![3]).unwrap();
    assert!(there.poll(Duration::ZERO) && there.poll(Duration::ZERO));
    assert_eq!(there.recv().unwrap(), [3]);
    drop(here);
    assert!(there.poll(Duration::ZERO), "the end counts, too");
}
