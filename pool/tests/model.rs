//! Pools against a sequential model, over random mixes of sizes, panics, deaths, time-outs and settings.

mod kinds;
mod sys;
mod watchdog;

use std::process;
use std::time::Duration;

use kinds::Kinds as _;
use pool::{Pool, TaskError};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq};
use proptest::{prop_oneof, proptest};
use serde::{Deserialize, Serialize};
use sys::ABORT;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// What becomes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Fate {
    /// A result of so many bytes.
    Value(usize),
    Panics,
    Exits,
    Aborts,
    Hangs,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Item {
    index: usize,
    fate: Fate,
    load: Vec<u8>,
}

fn run(item: Item) -> (usize, Vec<u8>) {
    assert_eq!(item.load, load(item.index));
    match item.fate {
        Fate::Value(size) => (item.index, vec![item.index as u8; size]),
        Fate::Panics => panic!("item {}", item.index),
        Fate::Exits => process::exit(3),
        Fate::Aborts => process::abort(),
        Fate::Hangs => loop {
            std::thread::park();
        },
    }
}

/// Some items are small enough for a slot of a ring, some are not.
fn load(index: usize) -> Vec<u8> {
    let size = [0, 10, 100, 300, 5000][index % 5];
    vec![index as u8; size]
}

/// What comes of an item, in a few words.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
enum Outcome {
    Value(usize, usize),
    Panicked(String),
    Died { signal: Option<i32>, exitcode: Option<i32>, attempts: u32 },
    TimedOut,
    Other(String),
}

impl From<Result<(usize, Vec<u8>), TaskError>> for Outcome {
    fn from(result: Result<(usize, Vec<u8>), TaskError>) -> Outcome {
        match result {
            Ok((index, bytes)) if bytes.iter().all(|byte| *byte == index as u8) => {
                Outcome::Value(index, bytes.len())
            }
            Err(TaskError::Panicked(panic)) => Outcome::Panicked(panic.message),
            Err(TaskError::WorkerDied { signal, exitcode, attempts, .. }) => {
                Outcome::Died { signal, exitcode, attempts }
            }
            Err(TaskError::TimedOut { .. }) => Outcome::TimedOut,
            other => Outcome::Other(format!("{other:?}")),
        }
    }
}

/// The model: what one worker that cannot die would come to, item by item.
fn expected(fates: &[Fate], retries: u32) -> Vec<Outcome> {
    let attempts = retries + 1;
    let outcome = |(index, fate): (usize, &Fate)| match fate {
        Fate::Value(size) => Outcome::Value(index, *size),
        Fate::Panics => Outcome::Panicked(format!("item {index}")),
        Fate::Exits => Outcome::Died { signal: None, exitcode: Some(3), attempts },
        Fate::Aborts => Outcome::Died { signal: Some(ABORT), exitcode: None, attempts },
        Fate::Hangs => Outcome::TimedOut,
    };
    fates.iter().enumerate().map(outcome).collect()
}

fn items(fates: &[Fate]) -> Vec<Item> {
    let item = |(index, fate): (usize, &Fate)| Item { index, fate: *fate, load: load(index) };
    fates.iter().enumerate().map(item).collect()
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    workers: usize,
    chunk_size: usize,
    retries: u32,
    max_tasks: Option<usize>,
}

fn settings() -> impl Strategy<Value = Settings> {
    let max_tasks = prop_oneof![Just(None), (1..4usize).prop_map(Some)];
    (1..4usize, 1..12usize, 0..3u32, max_tasks).prop_map(
        |(workers, chunk_size, retries, max_tasks)| Settings {
            workers,
            chunk_size,
            retries,
            max_tasks,
        },
    )
}

fn value() -> impl Strategy<Value = Fate> {
    prop_oneof![4 => 0..200usize, 1 => 1000..20_000usize].prop_map(Fate::Value)
}

/// Values and panics, which threads survive.
fn harmless() -> impl Strategy<Value = Vec<Fate>> {
    vec(prop_oneof![8 => value(), 1 => Just(Fate::Panics)], 0..60)
}

fn deadly() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        16 => value(),
        1 => Just(Fate::Panics),
        1 => Just(Fate::Exits),
        1 => Just(Fate::Aborts),
    ];
    vec(fate, 0..40)
}

/// A panic takes long where its backtrace is wanted, so there is none where time is short.
fn hanging() -> impl Strategy<Value = Vec<Fate>> {
    vec(prop_oneof![16 => value(), 1 => Just(Fate::Aborts), 1 => Just(Fate::Hangs)], 1..20)
}

/// Every way to run a call comes to what the model says.
macro_rules! check {
    ($pool:expr, $fates:expr, $retries:expr) => {{
        let (pool, fates) = ($pool, $fates);
        let expected = expected(&fates, $retries);
        let each = pool.map_each(run, items(&fates));
        prop_assert_eq!(&each.into_iter().map(Outcome::from).collect::<Vec<_>>(), &expected);
        let lazy = pool.imap(run, items(&fates));
        prop_assert_eq!(&lazy.map(Outcome::from).collect::<Vec<_>>(), &expected);
        let mut unordered: Vec<_> =
            pool.imap_unordered(run, items(&fates)).map(Outcome::from).collect();
        unordered.sort();
        let mut sorted = expected.clone();
        sorted.sort();
        prop_assert_eq!(unordered, sorted);
        let failing = |outcome: &&Outcome| !matches!(outcome, Outcome::Value(..));
        match pool.map(run, items(&fates)) {
            Ok(values) => {
                let values = values.into_iter().map(|value| Outcome::from(Ok(value)));
                prop_assert_eq!(values.collect::<Vec<_>>(), expected);
            }
            Err(error) => {
                // Which of them comes first is a matter of luck; a retry may have been spared.
                let error = match Outcome::from(Err(error)) {
                    Outcome::Died { signal, exitcode, .. } => {
                        Outcome::Died { signal, exitcode, attempts: $retries + 1 }
                    }
                    other => other,
                };
                prop_assert!(expected.iter().filter(failing).any(|it| *it == error), "{:?}", error);
            }
        }
        pool.join();
    }};
}

macro_rules! configured {
    ($settings:expr) => {{
        let Settings { workers, chunk_size, retries, max_tasks } = $settings;
        let pool = Pool::builder().workers(workers).chunk_size(chunk_size).retries(retries);
        match max_tasks {
            Some(tasks) => pool.max_tasks_per_worker(tasks),
            None => pool,
        }
    }};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn threads_do_what_the_model_says(settings in settings(), fates in harmless()) {
        let _watchdog = watch("threads beside the model");
        check!(configured!(settings).threads().unwrap(), fates, settings.retries);
    }

    #[test]
    fn workers_elsewhere_do_what_the_model_says(settings in settings(), fates in deadly()) {
        let _watchdog = watch("a carrier beside the model");
        let Settings { workers, chunk_size, retries, .. } = settings;
        let pool = Pool::builder().chunk_size(chunk_size).retries(retries);
        check!(kinds::carried(workers, pool).expect("there are processes").1, fates, retries);
    }

    #[test]
    fn processes_by_spawn_do_what_the_model_says(settings in settings(), fates in deadly()) {
        let _watchdog = watch("processes beside the model");
        check!(configured!(settings).by_spawn().unwrap(), fates, settings.retries);
    }
}

sys::where_a_fork_server_can_be! {
    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn processes_by_fork_server_do_what_the_model_says(
            settings in settings(),
            fates in deadly(),
        ) {
            let _watchdog = watch("processes beside the model");
            check!(configured!(settings).by_fork_server().unwrap(), fates, settings.retries);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn with_a_time_limit_they_do_too(settings in settings(), fates in hanging()) {
        let _watchdog = watch("a time limit beside the model");
        let pool = configured!(settings).task_timeout(Duration::from_millis(400));
        check!(pool.by_spawn().unwrap(), fates, settings.retries);
    }
}
