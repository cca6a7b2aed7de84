//! What goes to worker processes and comes back, and what happens to what cannot.

mod sys;
mod watchdog;

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use ipc::{Owned, Receiver, Sender, Shared};
use pool::{Pool, ProcessPool, TaskError, wait_all};
use serde::{Deserialize, Serialize};
use sys::ABORT;
use watchdog::watch;

proc_spawn::enable_test_support!();

fn double(n: u64) -> u64 {
    2 * n
}

/// What its code for serde does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Habit {
    Travels,
    CannotBeWritten,
    CannotBeRead,
    PanicsWhenWritten,
    PanicsWhenRead,
    AbortsWhenRead,
}

/// Something whose code for serde may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Habit")]
struct Fickle(Habit);

/// What stands for it in a message.
#[derive(Serialize)]
struct Written(#[serde(serialize_with = "written")] Habit);

impl From<Fickle> for Written {
    fn from(fickle: Fickle) -> Written {
        Written(fickle.0)
    }
}

fn written<S: serde::Serializer>(habit: &Habit, serializer: S) -> Result<S::Ok, S::Error> {
    match habit {
        Habit::CannotBeWritten => Err(serde::ser::Error::custom("it will not be written")),
        Habit::PanicsWhenWritten => panic!("it was written"),
        _ => habit.serialize(serializer),
    }
}

impl TryFrom<Habit> for Fickle {
    type Error = &'static str;

    fn try_from(habit: Habit) -> Result<Fickle, &'static str> {
        match habit {
            Habit::CannotBeRead => Err("it will not be read"),
            Habit::PanicsWhenRead => panic!("it was read"),
            Habit::AbortsWhenRead => std::process::abort(),
            habit => Ok(Fickle(habit)),
        }
    }
}

/// The kind of error and a part of what it says.
fn problem<R: std::fmt::Debug>(result: Result<R, TaskError>) -> String {
    match result {
        Err(TaskError::Encode(error)) => format!("encode: {error}"),
        Err(TaskError::Decode(error)) => format!("decode: {error}"),
        Err(TaskError::Panicked(panic)) => format!("panic: {panic}"),
        Err(TaskError::WorkerDied { signal, .. }) => {
            format!("death: {}", signal.expect("it aborts"))
        }
        other => panic!("expected a problem, got {other:?}"),
    }
}

fn check(results: Vec<Result<Habit, TaskError>>, problems: [(&str, &str); 5]) {
    let mut results = results.into_iter();
    for (kind, says) in problems {
        assert_eq!(results.next().unwrap(), Ok(Habit::Travels));
        let problem = problem(results.next().unwrap());
        assert!(problem.starts_with(kind) && problem.contains(says), "{problem}");
    }
    assert_eq!(results.next().unwrap(), Ok(Habit::Travels));
}

#[test]
fn an_argument_that_cannot_travel_fails_its_item_and_no_other() {
    let _watchdog = watch("bad arguments");
    let items = [
        Habit::Travels,
        Habit::CannotBeWritten,
        Habit::Travels,
        Habit::CannotBeRead,
        Habit::Travels,
        Habit::PanicsWhenWritten,
        Habit::Travels,
        Habit::PanicsWhenRead,
        Habit::Travels,
        Habit::AbortsWhenRead,
        Habit::Travels,
    ];
    for chunk_size in [1, 3, 100] {
        let pool = Pool::builder().workers(2).chunk_size(chunk_size).processes().unwrap();
        let results = pool.map_each(|fickle: Fickle| fickle.0, items.map(Fickle));
        let problems = [
            ("encode", "cannot encode"),
            ("decode", "cannot decode"),
            ("encode", "it was written"),
            ("panic", "it was read"),
            ("death", &ABORT.to_string()),
        ];
        check(results, problems);
        assert_eq!(pool.apply(double, 4), Ok(8));
    }
}

#[test]
fn a_result_that_cannot_travel_fails_its_item_and_no_other() {
    let _watchdog = watch("bad results");
    let items = [
        Habit::Travels,
        Habit::CannotBeWritten,
        Habit::Travels,
        Habit::CannotBeRead,
        Habit::Travels,
        Habit::PanicsWhenWritten,
        Habit::Travels,
        Habit::PanicsWhenRead,
        Habit::Travels,
        Habit::CannotBeRead,
        Habit::Travels,
    ];
    for chunk_size in [1, 3, 100] {
        let pool = Pool::builder().workers(2).chunk_size(chunk_size).processes().unwrap();
        let results = pool.map_each(Fickle, items);
        let results = results.into_iter().map(|result| result.map(|fickle| fickle.0)).collect();
        let problems = [
            ("encode", "cannot encode"),
            ("decode", "cannot decode"),
            ("panic", "it was written"),
            ("decode", "it was read"),
            ("decode", "cannot decode"),
        ];
        check(results, problems);
        assert_eq!(pool.apply(double, 4), Ok(8));
    }
}

#[test]
fn large_arguments_and_results_arrive_whole() {
    let _watchdog = watch("large messages");
    let pool = ProcessPool::new(2).unwrap();
    let texts: Vec<String> = (0..20).map(|n| n.to_string().repeat(1 << 20)).collect();
    let doubled = pool.map(|text: String| text.repeat(2), texts.clone()).unwrap();
    assert!(texts.iter().zip(doubled).all(|(text, twice)| text.repeat(2) == twice));
}

#[test]
fn handles_may_be_part_of_items_and_of_results() {
    let _watchdog = watch("handles");
    fn put(
        counter: Shared<AtomicU64>,
        sender: Sender<u64>,
        n: u64,
    ) -> (Shared<AtomicU64>, Shared<AtomicU64>) {
        counter.fetch_add(n, SeqCst);
        sender.send(n).expect("the test listens");
        (counter, Shared::new(AtomicU64::new(n)).expect("shared memory"))
    }
    let pool = ProcessPool::new(2).unwrap();
    let counter = Shared::new(AtomicU64::new(0)).unwrap();
    let (sender, receiver) = ipc::channel(100).unwrap();
    let items = (0..100).map(|n| (counter.clone(), sender.clone(), n));
    let results = pool.map(put, items).unwrap();
    for (n, (same, own)) in (0..100).zip(results) {
        assert_eq!((same.load(SeqCst), own.load(SeqCst)), (4950, n));
    }
    drop((pool, sender));
    assert_eq!(receiver.iter().sum::<u64>(), 4950);
}

/// A result whose drop in the worker panics: it has been sent before.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Brittle(u32);

impl Drop for Brittle {
    fn drop(&mut self) {
        assert_eq!(self.0, std::process::id(), "it is dropped where it was not made");
    }
}

#[test]
fn a_drop_that_panics_harms_neither_worker_nor_pool() {
    let _watchdog = watch("a drop that panics");
    let pool = ProcessPool::new(1).unwrap();
    let mine = std::process::id();
    // Dropped in the worker after it was sent, and there it panics.
    let results = pool.map(Brittle, [mine, mine]).unwrap();
    assert_eq!(results.len(), 2);
    // Dropped by the pool when the item has its result, and there it panics.
    let items = [mine + 1, mine + 2].map(Brittle);
    let results = pool.map(
        |item: Brittle| {
            let n = item.0;
            std::mem::forget(item);
            n
        },
        items,
    );
    assert_eq!(results.unwrap(), [mine + 1, mine + 2]);
    assert_eq!(pool.apply(double, 4), Ok(8));
}

#[test]
fn owned_arrays_move_to_workers_and_back() {
    let _watchdog = watch("owned arrays");
    fn add_up(mut array: Owned<[u64]>) -> (Owned<[u64]>, u64) {
        array[0] = 7;
        let sum = array.iter().sum();
        (array, sum)
    }
    let pool = Pool::builder().workers(2).chunk_size(3).processes().unwrap();
    let items: Vec<_> = (0..10).map(|n| Owned::from_slice(&vec![n; 100_000]).unwrap()).collect();
    let results = pool.map(add_up, items).unwrap();
    for (n, (array, sum)) in (0..10).zip(results) {
        assert_eq!((array[0], array[1], array.len()), (7, n, 100_000));
        assert_eq!(sum, 7 + 99_999 * n);
    }
    let mixed = [None, Some(Owned::new(1_u64).unwrap()), None];
    let results = pool.map_each(|it: Option<Owned<u64>>| it.map_or(0, |it| *it), mixed);
    assert_eq!(results, [Ok(0), Ok(1), Ok(0)]);
    assert_eq!(pool.apply(|| Owned::new(5_u8).unwrap(), ()).map(|owned| *owned), Ok(5));
}

#[test]
fn owned_arrays_neither_wait_for_a_long_task_nor_die_with_it() {
    let _watchdog = watch("owned arrays beside a long task");
    fn meet_and_die(here: Sender<()>, go_on: Receiver<()>) {
        here.send(()).expect("the test waits");
        let _ = go_on.recv();
        std::process::abort();
    }
    let pool = ProcessPool::new(2).unwrap();
    let (go, go_on) = ipc::channel::<()>(1).unwrap();
    let (here, begun) = ipc::channel(1).unwrap();
    let long = pool.submit(meet_and_die, (here, go_on));
    begun.recv().unwrap();
    let submit = |n: usize| {
        let array = Owned::<[u8]>::zeroed(n).unwrap();
        pool.submit(|array: Owned<[u8]>| array.len(), array)
    };
    let tasks: Vec<_> = (1..10).map(submit).collect();
    let is_done = wait_all(&tasks, Duration::from_secs(20));
    drop(go);
    assert_eq!(problem(long.get()), format!("death: {ABORT}"));
    for (n, task) in (1..10).zip(tasks) {
        assert_eq!(task.get(), Ok(n));
    }
    assert!(is_done, "they waited");
}

#[test]
fn an_owned_array_outlives_a_worker_that_dies_before_its_first_task() {
    let _watchdog = watch("a death before an owned array");
    fn die_once(times: Receiver<()>) {
        if times.try_recv().is_ok() {
            std::process::abort();
        }
    }
    let (once, times) = ipc::channel(1).unwrap();
    once.send(()).unwrap();
    let pool = Pool::builder().workers(1).initializer(die_once, times).processes().unwrap();
    let array = Owned::<[u8]>::zeroed(3).unwrap();
    assert_eq!(pool.apply(|array: Owned<[u8]>| array.len(), array), Ok(3));
}

#[test]
fn an_owned_array_that_a_dead_worker_had_is_gone_and_not_begun_anew() {
    let _watchdog = watch("a death with an owned array");
    fn die(array: Owned<[u8]>, dies: bool) -> usize {
        if dies {
            std::process::abort();
        }
        array.len()
    }
    let describe = |(array, _): &(Owned<[u8]>, bool)| format!("{} bytes", array.len());
    let pool = Pool::builder().workers(1).retries(3).describe(describe).processes().unwrap();
    let items = [false, true, false].map(|dies| (Owned::<[u8]>::zeroed(10).unwrap(), dies));
    let results = pool.map_each(die, items);
    assert!(results[0] == Ok(10) && results[2] == Ok(10), "{results:?}");
    let said = results[1].as_ref().unwrap_err().to_string();
    assert!(said.contains("while it ran item 1 (10 bytes)"), "{said}");
    assert_eq!(problem(results.into_iter().nth(1).unwrap()), format!("death: {ABORT}"));
    assert_eq!(pool.apply(die, (Owned::<[u8]>::zeroed(3).unwrap(), false)), Ok(3));
}
