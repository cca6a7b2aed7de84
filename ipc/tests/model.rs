//! Queues and handles against a simple model, over random sequences of operations.

use std::collections::VecDeque;

use ipc::{Queue, RecvError, SendError, Shared};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

#[derive(Debug, Clone)]
enum Operation {
    /// A message of so many bytes, which decides how it travels.
    Put(usize),
    /// A message with so many handles in it.
    PutHandles(usize),
    Get,
    Clone,
    DropClone,
    Close,
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => prop_oneof![0..100usize, 105..120usize, 2000..100_000usize].prop_map(Operation::Put),
        2 => (0..4usize).prop_map(Operation::PutHandles),
        5 => Just(Operation::Get),
        1 => Just(Operation::Clone),
        1 => Just(Operation::DropClone),
        // Seldom: nothing much happens to a closed queue.
        1 => any::<u8>().prop_filter_map("seldom", |n| (n < 32).then_some(Operation::Close)),
    ]
}

/// A message: what it says, and values it carries.
type Message = (Vec<u8>, Vec<Shared<u64>>);

proptest! {
    #[test]
    fn a_queue_does_what_a_deque_does(
        capacity in 1..9usize,
        operations in proptest::collection::vec(operation(), 0..200),
    ) {
        let queue = Queue::<Message>::bounded(capacity).expect("a queue");
        let mut clones = Vec::new();
        let mut model = VecDeque::new();
        let (mut closed, mut shared, mut next) = (false, false, 0u64);
        for operation in operations {
            match operation {
                Operation::Put(_) | Operation::PutHandles(_) => {
                    next += 1;
                    let (bytes, handles) = match operation {
                        Operation::Put(len) => (len, 0),
                        Operation::PutHandles(handles) => (0, handles),
                        _ => unreachable!("matched above"),
                    };
                    let values = (0..handles as u64).map(|n| Shared::new(next + n).expect("memory"));
                    match queue.try_put((vec![next as u8; bytes], values.collect())) {
                        Ok(()) => {
                            prop_assert!(!closed && model.len() < capacity);
                            model.push_back((next, bytes, handles));
                        }
                        Err(SendError::Full(_)) => {
                            prop_assert!(!closed);
                            prop_assert_eq!(model.len(), capacity);
                        }
                        Err(error) => {
                            prop_assert!(matches!(error, SendError::Disconnected(_)));
                            prop_assert!(closed);
                        }
                    }
                }
                Operation::Get => match (queue.try_get(), model.pop_front()) {
                    (Ok((bytes, values)), Some((n, len, handles))) => {
                        prop_assert_eq!(bytes, vec![n as u8; len]);
                        let expected: Vec<u64> = (0..handles as u64).map(|i| n + i).collect();
                        prop_assert_eq!(values.iter().map(|v| **v).collect::<Vec<_>>(), expected);
                    }
                    (Err(RecvError::Empty), None) => {
                        let alone = shared && clones.is_empty();
                        prop_assert!(!closed && !alone);
                    }
                    (Err(RecvError::Disconnected), None) => {
                        prop_assert!(closed || (shared && clones.is_empty()));
                    }
                    (got, expected) => prop_assert!(false, "{got:?}, not {expected:?}"),
                },
                Operation::Clone => {
                    clones.push(queue.clone());
                    shared = true;
                }
                Operation::DropClone => drop(clones.pop()),
                Operation::Close => {
                    queue.close();
                    closed = true;
                }
            }
            prop_assert_eq!(queue.len(), model.len());
            prop_assert_eq!(queue.is_empty(), model.is_empty());
            prop_assert_eq!(queue.is_full(), model.len() == capacity);
        }
    }
}
