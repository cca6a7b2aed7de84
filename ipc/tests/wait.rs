//! Waiting for several things at once: whatever mix is in the list, whoever makes it ready, and
//! whoever dies.
#![cfg(target_os = "linux")]

mod watchdog;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ipc::{Connection, Queue, Receiver, RecvError, Sender, Waitable, channel, pipe, wait};
use proc_spawn::Process;
use watchdog::{Watchdog, watch};

proc_spawn::enable_test_support!();

const NOW: Option<Duration> = Some(Duration::ZERO);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone(what: &'static str) -> (MutexGuard<'static, ()>, Watchdog) {
    (ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner), watch(what))
}

fn forever() {
    loop {
        thread::park();
    }
}

/// A descriptor, and what makes it ready.
fn descriptor() -> (OwnedFd, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (ours.into(), theirs)
}

/// Takes what makes it ready.
fn read_byte(descriptor: &OwnedFd) {
    File::from(descriptor.try_clone().unwrap()).read_exact(&mut [0]).unwrap();
}

type Source<'a> = &'a (dyn Waitable + Sync);

/// `wait` from a thread that did not make the list.
fn wait_for(sources: &[Source<'_>], timeout: Option<Duration>) -> Vec<usize> {
    let sources: Vec<&dyn Waitable> = sources.iter().map(|source| *source as _).collect();
    wait(&sources, timeout).unwrap()
}

#[test]
fn any_of_a_mix_ends_the_wait_and_is_named() {
    let _alone = alone("a mix");
    for (expected, ready_before) in (0..7).flat_map(|at| [(at, true), (at, false)]) {
        let (sender, receiver) = channel::<u8>(1).unwrap();
        let queue = Queue::<u8>::bounded(1).unwrap();
        let unbounded = Queue::<u8>::unbounded().unwrap();
        let (mut there, here) = pipe::<u8, u8>().unwrap();
        let (mut half_there, other) = pipe::<u8, ()>().unwrap();
        let (_, half) = other.split();
        let (fd, mut fd_there) = descriptor();
        let (lent, mut lent_there) = descriptor();
        let borrowed: BorrowedFd<'_> = lent.as_fd();
        let sources: [Source<'_>; 7] =
            [&receiver, &queue, &unbounded, &here, &half, &fd, &borrowed];
        assert_eq!(wait_for(&sources, NOW), [0; 0]);
        thread::scope(|scope| {
            let waiter = (!ready_before).then(|| scope.spawn(|| wait_for(&sources, None)));
            match expected {
                0 => sender.send(1).unwrap(),
                1 => queue.put(1).unwrap(),
                2 => unbounded.put(1).unwrap(),
                3 => there.send(1).unwrap(),
                4 => half_there.send(1).unwrap(),
                5 => fd_there.write_all(&[1]).unwrap(),
                _ => lent_there.write_all(&[1]).unwrap(),
            }
            if let Some(waiter) = waiter {
                assert_eq!(waiter.join().unwrap(), [expected]);
            }
        });
        assert_eq!(wait_for(&sources, None), [expected], "it takes nothing out");
        sender.try_send(2).ok();
        lent_there.write_all(&[1]).unwrap();
        let mut all = vec![0, expected, 6];
        all.sort_unstable();
        all.dedup();
        assert_eq!(wait_for(&sources, None), all);
    }
}

#[test]
fn an_empty_list_and_a_passed_time_end_the_wait_with_nothing() {
    let _alone = alone("nothing");
    assert_eq!(wait(&[], None).unwrap(), [0; 0]);
    let queue = Queue::<u8>::bounded(1).unwrap();
    let (fd, _stream) = descriptor();
    let moment = Duration::from_millis(20);
    let lists: [&[&dyn Waitable]; 3] = [&[&queue], &[&fd], &[&queue, &fd]];
    for sources in lists {
        let start = Instant::now();
        assert_eq!(wait(sources, Some(moment)).unwrap(), [0; 0]);
        assert!(start.elapsed() >= moment);
    }
}

#[test]
fn more_sources_than_any_system_call_takes_are_fine() {
    let _alone = alone("many sources");
    let channels: Vec<_> = (0..500).map(|_| channel::<usize>(1).unwrap()).collect();
    let descriptors: Vec<_> = (0..150).map(|_| descriptor()).collect();
    let mut sources: Vec<Source<'_>> = Vec::new();
    sources.extend(channels.iter().map(|(_, receiver)| receiver as Source<'_>));
    for chosen in [0, 63, 64, 127, 128, 499] {
        let ready = thread::scope(|scope| {
            let waiter = scope.spawn(|| wait_for(&sources, None));
            channels[chosen].0.send(chosen).unwrap();
            waiter.join().unwrap()
        });
        assert_eq!(ready, [chosen]);
        assert_eq!(channels[chosen].1.recv().unwrap(), chosen);
    }
    sources.extend(descriptors.iter().map(|(fd, _)| fd as Source<'_>));
    for chosen in [0, 499, 500, 649] {
        let ready = thread::scope(|scope| {
            let waiter = scope.spawn(|| wait_for(&sources, None));
            match chosen {
                0..500 => channels[chosen].0.send(chosen).unwrap(),
                _ => (&descriptors[chosen - 500].1).write_all(&[1]).unwrap(),
            }
            waiter.join().unwrap()
        });
        assert_eq!(ready, [chosen]);
        match chosen {
            0..500 => drop(channels[chosen].1.recv().unwrap()),
            _ => read_byte(&descriptors[chosen - 500].0),
        }
    }
}

/// Answers each message with the next number; waits with `wait` alone.
fn answer(receiver: Receiver<u64>, sender: Sender<u64>, with_descriptor: bool) {
    let (fd, _stream) = descriptor();
    let alone: [&dyn Waitable; 1] = [&receiver];
    let mixed: [&dyn Waitable; 2] = [&receiver, &fd];
    let sources: &[&dyn Waitable] = if with_descriptor { &mixed } else { &alone };
    loop {
        assert_eq!(wait(sources, None).unwrap(), [0]);
        match receiver.try_recv() {
            Ok(number) => sender.send(number + 1).unwrap(),
            Err(RecvError::Disconnected) => return,
            Err(error) => panic!("ready, but {error}"),
        }
    }
}

#[test]
fn no_wake_is_lost_between_processes_that_only_wait_in_this_way() {
    let _alone = alone("ping-pong");
    for with_descriptor in [false, true] {
        let (to_child, child_receives) = channel::<u64>(1).unwrap();
        let (child_sends, from_child) = channel::<u64>(1).unwrap();
        let child = Process::spawn(answer, (child_receives, child_sends, with_descriptor)).unwrap();
        let (fd, _stream) = descriptor();
        let alone: [&dyn Waitable; 1] = [&from_child];
        let mixed: [&dyn Waitable; 2] = [&from_child, &fd];
        let sources: &[&dyn Waitable] = if with_descriptor { &mixed } else { &alone };
        for number in 0..3000 {
            to_child.send(number).unwrap();
            assert_eq!(wait(sources, None).unwrap(), [0]);
            assert_eq!(from_child.try_recv().unwrap(), number + 1);
        }
        drop(to_child);
        child.join().unwrap();
    }
}

#[test]
fn threads_of_several_processes_wait_for_one_queue_and_all_is_received() {
    let _alone = alone("one queue");
    const EACH: u64 = 2000;
    fn take(queue: Queue<u64>, sums: Queue<u64>) {
        let (fd, _stream) = descriptor();
        let mut sum = 0;
        loop {
            wait(&[&queue, &fd], None).unwrap();
            match queue.try_get() {
                Ok(number) => sum += number,
                Err(RecvError::Empty) => {}
                Err(_) => break,
            }
        }
        sums.put(sum).unwrap();
    }
    let (queue, sums) = (Queue::<u64>::bounded(4).unwrap(), Queue::bounded(8).unwrap());
    let children: Vec<_> =
        (0..2).map(|_| Process::spawn(take, (queue.clone(), sums.clone())).unwrap()).collect();
    thread::scope(|scope| {
        scope.spawn(|| take(queue.clone(), sums.clone()));
        for number in 0..EACH {
            queue.put(number).unwrap();
        }
        queue.close();
    });
    children.into_iter().for_each(|child| child.join().unwrap());
    let total: u64 = (0..3).map(|_| sums.get().unwrap()).sum();
    assert_eq!(total, EACH * (EACH - 1) / 2);
}

#[test]
fn the_death_of_the_last_sender_ends_the_wait() {
    let _alone = alone("the last sender");
    for mixed in [false, true] {
        let (sender, receiver) = channel::<u8>(1).unwrap();
        let (here, there) = pipe::<u8, u8>().unwrap();
        let (fd, _stream) = descriptor();
        let child = Process::spawn(
            |_: Sender<u8>, _: Connection<u8, u8>| forever(),
            (sender.clone(), there),
        )
        .unwrap();
        let lists: [&[Source<'_>]; 2] =
            if mixed { [&[&receiver, &fd], &[&fd, &here]] } else { [&[&receiver], &[&here]] };
        drop(sender);
        thread::scope(|scope| {
            let waiters = lists.map(|list| scope.spawn(move || wait_for(list, None)));
            child.kill().unwrap();
            let ready = waiters.map(|waiter| waiter.join().unwrap());
            assert_eq!(ready, [vec![0], vec![usize::from(mixed)]]);
        });
        assert!(matches!(receiver.try_recv(), Err(RecvError::Disconnected)));
        child.join().unwrap_err();
    }
}

#[test]
fn the_end_of_a_process_and_a_closed_queue_end_the_wait() {
    let _alone = alone("ends");
    let queue = Queue::<u8>::bounded(1).unwrap();
    let child = Process::spawn(forever, ()).unwrap();
    let end = child.sentinel().as_fd();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| wait_for(&[&queue, &end], None));
        child.kill().unwrap();
        assert_eq!(waiter.join().unwrap(), [1]);
        let waiter = scope.spawn(|| wait_for(&[&queue], None));
        queue.close();
        assert_eq!(waiter.join().unwrap(), [0]);
    });
    child.join().unwrap_err();
}

#[test]
fn senders_that_are_killed_leave_no_waiter_asleep_beside_a_message() {
    let _alone = alone("killed senders");
    fn send(queue: Queue<u64>) {
        (0..).take_while(|number| queue.put(*number).is_ok()).for_each(drop);
    }
    let queue = Queue::<u64>::bounded(1).unwrap();
    let (fd, _stream) = descriptor();
    for round in 0..30u64 {
        let child = Process::spawn(send, queue.clone()).unwrap();
        for _ in 0..10 + round * 7 % 50 {
            // One that has lost its sender's wake for good would hang here.
            assert_eq!(wait(&[&fd, &queue], None).unwrap(), [1]);
            queue.get().unwrap();
        }
        child.kill().unwrap();
        child.join().unwrap_err();
        while queue.try_get().is_ok() {}
    }
}

#[test]
fn a_large_message_is_ready_when_all_of_it_has_come() {
    let _alone = alone("a large message");
    let (mut there, mut here) = pipe::<Vec<u8>, ()>().unwrap();
    let message = vec![5u8; 3 << 20];
    thread::scope(|scope| {
        scope.spawn(|| there.send(message.clone()).unwrap());
        assert_eq!(wait(&[&here], None).unwrap(), [0]);
        assert_eq!(here.try_recv().unwrap(), message);
    });
}

/// Nanoseconds that a thread of this process has run.
fn run_time(task: &str) -> u64 {
    let stat = fs::read_to_string(format!("{task}/schedstat")).unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}

fn bridge_run_time() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let is_bridge = |task: &std::path::PathBuf| {
        fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "tandem-bridge")
    };
    tasks.filter(is_bridge).map(|task| run_time(task.to_str().unwrap())).sum()
}

#[test]
fn a_wait_costs_no_time_of_the_processor() {
    let _alone = alone("an idle wait");
    let queue = Queue::<u8>::bounded(1).unwrap();
    let (fd, _stream) = descriptor();
    wait(&[&queue, &fd], Some(Duration::from_millis(1))).unwrap();
    let before = run_time("/proc/thread-self") + bridge_run_time();
    wait(&[&queue, &fd], Some(Duration::from_millis(200))).unwrap();
    let after = run_time("/proc/thread-self") + bridge_run_time();
    assert!(after - before < 20_000_000, "ran for {} ns of 200 ms", after - before);
}

#[test]
fn a_wait_leaves_no_descriptor_behind() {
    let _alone = alone("descriptors");
    let queue = Queue::<u8>::bounded(1).unwrap();
    let (fd, _stream) = descriptor();
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    wait(&[&queue, &fd], Some(Duration::from_millis(1))).unwrap();
    let before = open();
    for _ in 0..200 {
        wait(&[&queue, &fd], Some(Duration::from_micros(1))).unwrap();
    }
    assert_eq!(open(), before);
}
