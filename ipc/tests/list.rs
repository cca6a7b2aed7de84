//! Lists of small values by name.

mod watchdog;

use std::io::ErrorKind;
use std::thread;

use ipc::{ListError, Queue, ShareableList, ShareableValue, Shared, SharedMemory};
use proc_spawn::Process;
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use sync_prims::process::Event;
use watchdog::watch;

proc_spawn::enable_test_support!();

fn mixed() -> Vec<ShareableValue> {
    let bytes: &[u8] = b"\0bytes\0\0";
    vec![1.into(), (-2.5).into(), true.into(), "text".into(), bytes.into(), ShareableValue::None]
}

fn all(list: &ShareableList) -> Vec<ShareableValue> {
    list.iter().collect::<Result<_, _>>().unwrap()
}

#[test]
fn every_kind_of_value_is_the_same_in_another_process() {
    let _watchdog = watch("a list in two processes");
    let list = ShareableList::create(mixed()).unwrap();
    assert_eq!(all(&list), mixed());
    fn double(name: String) -> Vec<ShareableValue> {
        let list = ShareableList::attach(&name).unwrap();
        list.set(0, i64::MIN).unwrap();
        list.set(5, f64::INFINITY).unwrap();
        list.iter().skip(1).take(4).collect::<Result<_, _>>().unwrap()
    }
    let seen = Process::spawn(double, list.name().to_owned()).unwrap().join().unwrap();
    assert_eq!(seen, mixed()[1..5]);
    assert_eq!(list.get(0).unwrap(), ShareableValue::Int(i64::MIN));
    assert_eq!(list.get(5).unwrap(), ShareableValue::Float(f64::INFINITY));
}

#[test]
fn trailing_zeros_and_characters_of_many_bytes_are_kept() {
    let bytes: &[u8] = b"ends in zeros\0\0\0";
    let text = "ends in a zero\0";
    let long = "∀∂∈ℝ∧∪≡∞ ↑↗↨↻⇣ 🦀🦀🦀";
    let values: Vec<ShareableValue> = vec![bytes.into(), text.into(), long.into(), "".into()];
    let list = ShareableList::create(values.clone()).unwrap();
    assert_eq!(all(&ShareableList::attach(list.name()).unwrap()), values);
}

#[test]
fn a_value_that_does_not_fit_is_an_error_and_changes_nothing() {
    let list = ShareableList::create(["seven b", "eight by", ""]).unwrap();
    assert_eq!([0, 1, 2].map(|index| list.capacity(index).unwrap()), [8, 16, 8]);
    let error = list.set(0, "nine byte").unwrap_err();
    assert!(matches!(error, ListError::TooLong { needed: 9, available: 8 }), "{error}");
    assert_eq!(std::io::Error::from(error).kind(), ErrorKind::InvalidInput);
    assert_eq!(list.get(0).unwrap(), "seven b".into());
    list.set(0, "eight by").unwrap();
    list.set(2, 1i64 << 40).unwrap();
    list.set(1, &[0xff; 16]).unwrap();
    let all = all(&list);
    assert_eq!(all, ["eight by".into(), (&[0xff; 16]).into(), ShareableValue::Int(1 << 40)]);
}

#[test]
fn an_index_past_the_end_is_an_error() {
    let list = ShareableList::create([1, 2]).unwrap();
    for index in [2, 3, usize::MAX] {
        let errors = [
            list.get(index).unwrap_err(),
            list.set(index, 0).unwrap_err(),
            list.capacity(index).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, ListError::OutOfRange { len: 2, index: at } if at == index));
        }
    }
    let empty = ShareableList::create([0; 0]).unwrap();
    assert!(empty.is_empty() && empty.iter().next().is_none());
    assert!(matches!(empty.get(0), Err(ListError::OutOfRange { index: 0, len: 0 })));
}

#[test]
fn count_and_index_find_equal_values() {
    let list = ShareableList::create([5, 7, 5, 5]).unwrap();
    assert_eq!((list.len(), list.iter().len()), (4, 4));
    assert_eq!((list.count(5).unwrap(), list.count(8).unwrap()), (3, 0));
    assert_eq!((list.index(7).unwrap(), list.index(5).unwrap()), (Some(1), Some(0)));
    assert_eq!(list.index("7").unwrap(), None);
}

#[test]
fn names_follow_the_rules_of_memory() {
    let name = format!("test-list-{}", std::process::id());
    let list = ShareableList::create_named(&name, [1]).unwrap();
    let taken = ShareableList::create_named(&name, [1]).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    assert_eq!(list.name(), name);
    list.unlink().unwrap();
    assert_eq!(list.unlink().unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(ShareableList::attach(&name).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(list.get(0).unwrap(), 1.into());
    list.close();
    let no_list = SharedMemory::create_named(&name, 1000).unwrap();
    assert_eq!(ShareableList::attach(&name).unwrap_err().kind(), ErrorKind::InvalidData);
    drop(no_list);
}

#[test]
fn a_list_travels_by_its_name() {
    let _watchdog = watch("a list in a message");
    let list = ShareableList::create([1, 2]).unwrap();
    let queue = Queue::bounded(1).unwrap();
    queue.put(ShareableList::attach(list.name()).unwrap()).unwrap();
    fn bump(queue: Queue<ShareableList>, list: ShareableList) {
        list.set(0, 10).unwrap();
        queue.get().unwrap().set(1, 20).unwrap();
    }
    let copy = ShareableList::attach(list.name()).unwrap();
    Process::spawn(bump, (queue, copy)).unwrap().join().unwrap();
    assert_eq!(all(&list), [10.into(), ShareableValue::Int(20)]);
}

/// Values that cannot be mistaken for one another, nor any mix of two for a third.
fn value(turn: u64) -> ShareableValue {
    let letter = ['a', 'é', '∞', '🦀'][(turn % 4) as usize];
    match turn % 3 {
        0 => ShareableValue::Bytes(vec![turn as u8; 40 + (turn % 400) as usize]),
        1 => ShareableValue::Int(turn as i64),
        _ => ShareableValue::Str(letter.to_string().repeat(20 + (turn % 100) as usize)),
    }
}

fn is_one_of_them(found: &ShareableValue) -> bool {
    match found {
        ShareableValue::Bytes(bytes) => *bytes == vec![bytes[0]; bytes.len()],
        ShareableValue::Str(text) => text.chars().all(|letter| text.starts_with(letter)),
        ShareableValue::Int(_) => true,
        _ => false,
    }
}

fn set_for_ever(list: ShareableList, ready: Shared<Event>, seed: u64) {
    ready.set();
    for turn in seed.. {
        list.set((turn % 2) as usize, value(turn)).unwrap();
    }
}

#[test]
fn a_value_is_read_as_it_was_set_whoever_sets_and_is_killed() {
    let _watchdog = watch("a list in many hands");
    let room = ShareableValue::Bytes(vec![0; 500]);
    let list = ShareableList::create([room.clone(), room]).unwrap();
    let start = |seed| {
        let ready = Shared::new(Event::new()).unwrap();
        let copy = ShareableList::attach(list.name()).unwrap();
        let child = Process::builder()
            .daemon(true)
            .spawn(set_for_ever, (copy, ready.clone(), seed))
            .unwrap();
        ready.wait();
        child
    };
    let mut writers = [start(0), start(1_000_000)];
    let mut seen = 0;
    for round in 0..60 {
        for _ in 0..500 {
            for found in list.iter() {
                let found = found.expect("a whole value");
                assert!(is_one_of_them(&found), "{found:?}");
                seen += 1;
            }
        }
        let victim = &mut writers[round % 2];
        victim.kill().unwrap();
        std::mem::replace(victim, start(round as u64 * 7)).join().unwrap_err();
    }
    assert_eq!(seen, 60_000);
    for writer in writers {
        writer.kill().unwrap();
        writer.join().unwrap_err();
    }
    list.set(0, 1).unwrap();
    assert_eq!(list.get(0).unwrap(), 1.into());
}

#[test]
fn threads_with_one_handle_set_whole_values() {
    let _watchdog = watch("a list in many threads");
    // Long, so that the copies meet.
    let long = |turn: u64| ShareableValue::Bytes(vec![turn as u8; 200_000]);
    let list = ShareableList::create([long(0)]).unwrap();
    thread::scope(|scope| {
        for seed in [0, 1000, 2000] {
            let list = &list;
            scope.spawn(move || {
                for turn in seed..seed + 200 {
                    list.set(0, long(turn)).unwrap();
                    assert!(is_one_of_them(&list.get(0).unwrap()));
                }
            });
        }
    });
}

/// Words of a table that could be right, and any others.
fn word() -> impl Strategy<Value = u64> {
    let magic = u64::from_le_bytes(*b"tandem\0L");
    prop_oneof![
        4 => 0u64..200,
        2 => (0u64..200).prop_map(|n| n * 8),
        1 => Just(magic),
        1 => any::<u64>(),
        1 => (0u64..8, 0u64..8, 0u64..70).prop_map(|(turn, kind, len)| turn << 40 | kind << 32 | len),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever lies in the memory, using it as a list is an error or a value.
    #[test]
    fn any_content_is_a_value_or_an_error(
        header in any::<bool>(), words in vec(word(), 0..60), tail in vec(any::<u8>(), 1..9),
    ) {
        let mut words = words;
        if header && words.len() >= 4 {
            words[0] = u64::from_le_bytes(*b"tandem\0L");
            words[1] = 1;
            words[2] %= 8;
        }
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u64::to_ne_bytes).collect();
        bytes.extend(tail);
        let memory = SharedMemory::create(bytes.len()).unwrap();
        memory.write_at(&bytes, 0).unwrap();
        match ShareableList::attach(memory.name()) {
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidData),
            Ok(list) => {
                for index in 0..list.len() {
                    if let Err(error) = list.get(index) {
                        assert!(matches!(error, ListError::Corrupt(_)), "{error}");
                    }
                    let _ = list.set(index, "any");
                }
            }
        }
    }

    /// Content that goes bad while a list is in use is an error too.
    #[test]
    fn content_that_is_damaged_later_is_a_value_or_an_error(
        damage in vec((0usize..300, any::<u8>()), 1..200),
    ) {
        let list = ShareableList::create(mixed()).unwrap();
        let memory = SharedMemory::attach(list.name()).unwrap();
        for (at, byte) in damage {
            memory.write_at(&[byte], at % memory.len()).unwrap();
        }
        for found in list.iter() {
            assert!(matches!(found, Ok(_) | Err(ListError::Corrupt(_))));
        }
    }

    #[test]
    fn values_come_back_as_they_were(
        texts in vec(any::<String>(), 0..6), blobs in vec(vec(any::<u8>(), 0..40), 0..6),
        ints in vec(any::<i64>(), 0..6),
    ) {
        let values: Vec<ShareableValue> = texts.into_iter().map(ShareableValue::from)
            .chain(blobs.into_iter().map(ShareableValue::from))
            .chain(ints.into_iter().map(ShareableValue::from))
            .collect();
        let list = ShareableList::create(values.clone()).unwrap();
        assert_eq!(all(&list), values);
    }
}
