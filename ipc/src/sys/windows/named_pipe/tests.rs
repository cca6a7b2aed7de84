//! What a stream over pipes promises.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use sync_prims::Deadline;

use super::super::descriptor::{AsDescriptor, Descriptor};
use super::super::epoll::Epoll;
use super::super::poll::Events;
use super::super::readiness::{readable, writable};
use super::super::sleep::{is_signalled, until_any};
use super::stream::{SHARE, WINDOW};
use super::{Lookout, PipeStream};

const NOW: Option<Duration> = Some(Duration::ZERO);
const SOON: Option<Duration> = Some(Duration::from_millis(20));
const LONG: Option<Duration> = Some(Duration::from_secs(30));

/// Calls `f` with the two ends of a stream, and with the same the other way round.
fn on_each(f: impl Fn(PipeStream, PipeStream)) {
    let (client, server) = PipeStream::pair().unwrap();
    f(client, server);
    let (client, server) = PipeStream::pair().unwrap();
    f(server, client);
}

fn can_be_read(stream: &PipeStream, timeout: Option<Duration>) -> bool {
    readable(&[stream.descriptor()], timeout).unwrap()[0]
}

fn fill(stream: &PipeStream) -> usize {
    let mut sent = 0;
    loop {
        match stream.send(&[7; 10_000]) {
            Ok(some) => sent += some,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
            Err(error) => panic!("{error}"),
        }
    }
}

fn read_all(stream: &PipeStream) -> usize {
    let mut come = 0;
    let mut bytes = [0; 10_000];
    while let Ok(some @ 1..) = stream.recv(&mut bytes) {
        assert!(bytes[..some].iter().all(|byte| *byte == 7));
        come += some;
    }
    come
}

#[test]
fn there_is_room_for_a_window_and_for_more_when_it_was_read() {
    on_each(|one, other| {
        let sent = fill(&one);
        assert_eq!(sent, WINDOW);
        assert!(!writable(one.descriptor(), NOW).unwrap());
        assert!(!writable(one.descriptor(), SOON).unwrap());
        assert_eq!(other.recv(&mut [0; SHARE]).unwrap(), SHARE);
        assert!(writable(one.descriptor(), NOW).unwrap());
        let sent = sent - SHARE + fill(&one);
        assert_eq!(read_all(&other), sent);
        thread::scope(|scope| {
            let more = fill(&one);
            let waits = scope.spawn(|| writable(one.descriptor(), LONG).unwrap());
            assert_eq!(read_all(&other), more);
            assert!(waits.join().unwrap());
        });
    });
}

#[test]
fn what_was_sent_is_received_when_its_sender_is_gone() {
    on_each(|one, other| {
        let sent = fill(&one);
        drop(one);
        assert!(can_be_read(&other, NOW));
        assert_eq!(read_all(&other), sent);
        assert_eq!(other.recv(&mut [0]).unwrap(), 0);
        assert_eq!(other.send(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn either_way_is_closed_on_its_own_and_both_sides_are_told() {
    on_each(|one, other| {
        one.send(&[7; 3]).unwrap();
        one.shutdown(Shutdown::Write);
        assert_eq!(one.send(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!((read_all(&other), other.recv(&mut [0]).unwrap()), (3, 0));
        let sent = fill(&other);
        assert_eq!(read_all(&one), sent);
        one.shutdown(Shutdown::Read);
        assert_eq!(one.recv(&mut [0]).unwrap(), 0);
        assert_eq!(other.send(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

fn look(streams: &[&PipeStream], asked: Events) -> Lookout {
    let mut lookout = Lookout::new().unwrap();
    for stream in streams {
        let Descriptor::Pipe(post) = stream.descriptor() else { unreachable!() };
        post.look(asked, &mut lookout);
    }
    lookout
}

/// Whether who sleeps there for that wakes by what is done.
fn wakes(stream: &PipeStream, asked: Events, does: impl FnOnce()) -> bool {
    let lookout = look(&[stream], asked);
    assert!(!is_signalled(lookout.told()));
    does();
    until_any(&[lookout.told()], Deadline::after(Duration::from_secs(30))).unwrap();
    is_signalled(lookout.told())
}

#[test]
fn who_sleeps_wakes_when_the_other_end_is_gone() {
    for asked in [Events::READ, Events::WRITE, Events::GONE] {
        on_each(|one, other| {
            fill(&one);
            assert!(wakes(&one, asked, || drop(other)));
            assert_eq!(one.send(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        });
    }
}

#[test]
fn who_sleeps_wakes_when_this_end_is_closed_and_the_other_is_told() {
    on_each(|one, other| {
        fill(&one);
        assert!(wakes(&one, Events::READ, || one.shutdown(Shutdown::Read)));
        assert_eq!(other.send(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert!(wakes(&one, Events::WRITE, || one.shutdown(Shutdown::Write)));
        read_all(&other);
        assert_eq!(other.recv(&mut [0]).unwrap(), 0);
    });
}

#[test]
fn any_number_of_threads_sleep_for_the_same_bytes() {
    on_each(|one, other| {
        thread::scope(|scope| {
            let waits = [(); 3].map(|()| scope.spawn(|| can_be_read(&one, LONG)));
            other.send(b"x").unwrap();
            assert!(waits.into_iter().all(|wait| wait.join().unwrap()));
        });
        // It stays so until somebody reads.
        assert!(can_be_read(&one, NOW));
        assert_eq!(one.recv(&mut [0; 9]).unwrap(), 1);
        assert!(!can_be_read(&one, NOW));
    });
}

#[test]
fn what_is_there_before_is_told_whatever_else_is_looked_for() {
    on_each(|one, other| {
        let (still, _there) = PipeStream::pair().unwrap();
        assert!(!is_signalled(look(&[&one, &still], Events::READ).told()));
        other.send(b"x").unwrap();
        assert!(is_signalled(look(&[&one, &still], Events::READ).told()));
        assert!(is_signalled(look(&[&still, &one], Events::READ).told()));
    });
}

#[test]
fn one_thread_sleeps_at_many_streams() {
    let pairs: Vec<_> = (0..100).map(|_| PipeStream::pair().unwrap()).collect();
    let all: Vec<_> = pairs.iter().map(|(client, _)| client.descriptor()).collect();
    assert!(!readable(&all, SOON).unwrap().contains(&true));
    thread::scope(|scope| {
        scope.spawn(|| pairs[77].1.send(b"x").unwrap());
        let ready = readable(&all, LONG).unwrap();
        assert_eq!(ready.iter().position(|ready| *ready), Some(77));
    });
}

#[test]
fn one_that_is_not_read_is_gone_when_its_other_end_is() {
    on_each(|one, other| {
        let events = Epoll::new().unwrap();
        events.add_numbered(one.descriptor(), 5).unwrap();
        events.heed_numbered(one.descriptor(), 5, false, false).unwrap();
        // Neither what comes nor a receipt is an end.
        other.send(b"x").unwrap();
        fill(&one);
        read_all(&other);
        assert!(events.wait_numbered(SOON).unwrap().is_empty());
        events.heed_numbered(one.descriptor(), 5, false, true).unwrap();
        assert!(matches!(events.wait_numbered(LONG).unwrap()[..], [ready] if !ready.gone));
        events.heed_numbered(one.descriptor(), 5, false, false).unwrap();
        drop(other);
        let ready = events.wait_numbered(LONG).unwrap();
        assert!(matches!(ready[..], [ready] if (ready.number, ready.gone) == (5, true)));
        assert_eq!(one.recv(&mut [0; 9]).unwrap(), 1);
        events.remove(one.descriptor()).unwrap();
    });
}
