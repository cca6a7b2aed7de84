//! Promises about many sends and about ends, which no other suite has.
#![cfg(target_os = "linux")]

mod watchdog;

use std::fs;

use ipc::{Queue, Receiver, RecvError, Sender, Shared, channel};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The keeper of a process, which comes when it is needed, has one or two of its own.
fn is_as_before(before: usize, after: usize) -> bool {
    after.abs_diff(before) <= 2
}

/// Sends every handle back, and then its own count of descriptors.
fn send_back(receiver: Receiver<Shared<u64>>, sender: Sender<Shared<u64>>, counts: Queue<usize>) {
    let first = receiver.recv().unwrap();
    counts.put(descriptors()).unwrap();
    sender.send(first).unwrap();
    receiver.iter().for_each(|handle| sender.send(handle).unwrap());
    counts.put(descriptors()).unwrap();
}

#[test]
fn ten_thousand_sends_of_a_handle_leave_the_descriptors_of_both_sides_alone() {
    let _watchdog = watch("many handles");
    let (to_child, child_receives) = channel(4).unwrap();
    let (child_sends, from_child) = channel(4).unwrap();
    let counts = Queue::bounded(2).unwrap();
    let child = Process::spawn(send_back, (child_receives, child_sends, counts.clone())).unwrap();
    let mut handle = Shared::new(5u64).unwrap();
    to_child.send(handle).unwrap();
    handle = from_child.recv().unwrap();
    let before = descriptors();
    for _ in 0..10_000 {
        to_child.send(handle).unwrap();
        handle = from_child.recv().unwrap();
    }
    assert_eq!(*handle, 5);
    assert!(is_as_before(before, descriptors()));
    drop(to_child);
    child.join().unwrap();
    assert!(is_as_before(counts.get().unwrap(), counts.get().unwrap()), "the child's");
}

#[test]
fn failed_decodes_of_handles_leave_no_descriptor() {
    let _watchdog = watch("failed decodes");
    let queue = Queue::<Vec<Shared<u64>>>::bounded(1).unwrap();
    /// Takes the first handle and refuses the rest.
    #[derive(Debug)]
    struct Refuses;
    impl serde::Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            Shared::new(1u64).unwrap().serialize(serializer)
        }
    }
    impl<'de> serde::Deserialize<'de> for Refuses {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Refuses, D::Error> {
            Shared::<u64>::deserialize(deserializer)?;
            Err(serde::de::Error::custom("refused"))
        }
    }
    let refusing = Queue::bounded(1).unwrap();
    let before = descriptors();
    for _ in 0..60 {
        refusing.put(Refuses).unwrap();
        assert!(matches!(refusing.get(), Err(RecvError::Decode(_))));
        // And one message with more handles than any socket takes.
        let many = (0..100).map(|n| Shared::new(n).unwrap()).collect();
        queue.put(many).unwrap();
        assert_eq!(queue.get().unwrap().len(), 100);
    }
    assert_eq!(descriptors(), before);
}

#[test]
fn a_child_whose_queue_nobody_drained_can_be_joined_and_its_messages_are_there() {
    let _watchdog = watch("an undrained queue");
    fn put_all(queue: Queue<Vec<u8>>) {
        for number in 0..40 {
            queue.put(vec![number; 100_000]).unwrap();
        }
    }
    let queue = Queue::unbounded().unwrap();
    Process::spawn(put_all, queue.clone()).unwrap().join().unwrap();
    for number in 0..40 {
        assert_eq!(queue.get().unwrap(), vec![number; 100_000]);
    }
}
