//! Clients of a manager whose server knows the key and says anything.

mod watchdog;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ipc::{Address, Client, DictProxy, Listener, Manager, ManagerError, ValueProxy};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_oneof, proptest};
use watchdog::watch;

const KEY: &[u8] = b"correct horse battery staple";

/// Gives these answers to each that connects, and then hangs up, until it is over.
fn answer(listener: &Listener, answers: &[Vec<u8>], over: &AtomicBool) {
    while let Ok(mut line) = listener.accept::<(), ()>() {
        // Relaxed: the connection that is made after it brings the news.
        if over.load(Ordering::Relaxed) {
            return;
        }
        for answer in answers {
            if line.recv_bytes().is_err() || line.send_bytes(answer).is_err() {
                break;
            }
        }
    }
}

/// What a client can ask for, whatever it is told.
fn ask(address: &Address) -> Result<(), ManagerError> {
    let there = Manager::connect(address, KEY)?;
    let value = there.value(7u32);
    let found = there.find::<DictProxy<String, Vec<u8>>>("dict");
    let again = there.find::<ValueProxy<Vec<String>>>("value");
    if let Ok(value) = &value {
        let _ = (value.get(), value.set(3));
    }
    let _ = again?.get()?;
    let dict = found?;
    let _ = (dict.get("a".to_owned())?, dict.len()?, dict.insert("b".to_owned(), vec![1])?);
    there.pid().map(drop)
}

/// Often what looks like an answer: that it is done, or why not.
fn answers() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let one = (0..4u8, vec(prop_oneof![any::<u8>(), 0..9u8], 0..40))
        .prop_map(|(status, rest)| [vec![status], rest].concat());
    let welcome = prop_oneof![Just(vec![0, 1, 2, 3]), one.clone()];
    (welcome, vec(one, 0..12)).prop_map(|(welcome, rest)| [vec![welcome], rest].concat())
}

/// Whether who asks at that address lives, whatever it is told there.
fn lives(address: &Address, answers: &[Vec<u8>]) -> bool {
    let _watchdog = watch("a client of a hostile server");
    let listener = match Listener::bind(address, KEY) {
        // Not every system has sockets at a path.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return true,
        bound => bound.unwrap(),
    };
    let address = listener.address().clone();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| answer(&listener, answers, &over));
        let asked = scope.spawn(|| ask(&address)).join();
        over.store(true, Ordering::Relaxed);
        let _ = Client::connect::<(), ()>(&address, KEY);
        asked.is_ok()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_answers_are_results_or_errors(answers in answers()) {
        let directory = tempfile::tempdir().unwrap();
        let unix = Address::Unix(directory.path().join("server"));
        for address in [Address::Tcp(([127, 0, 0, 1], 0).into()), unix] {
            prop_assert!(lives(&address, &answers), "it panicked at {address}");
        }
    }
}
