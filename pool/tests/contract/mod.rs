//! What every pool does, wherever its workers are: no task is given a handle, nor asks what runs it.
//!
//! `contract!(name, make)` has all of it tested on the pools that `make` gives. It is told how many workers there
//! are to be, and gives the pool with what has to outlive it, or `None` where that cannot be had.

use pool::{Executor, ProcessPool, TaskError, TaskKey, ThreadPool};

pub(crate) fn double(n: u64) -> u64 {
    2 * n
}

pub(crate) fn add(a: u64, b: u64) -> u64 {
    a + b
}

pub(crate) fn odd_panics(n: u64) -> u64 {
    assert!(n.is_multiple_of(2), "{n} is odd");
    n
}

pub(crate) fn is_panic<R>(result: &Result<R, TaskError>, message: &str) -> bool {
    matches!(result, Err(TaskError::Panicked(panic)) if panic.message == message && panic.location.is_some())
}

/// What is generic over pools.
pub(crate) fn use_any(executor: &impl Executor) -> Result<u64, TaskError> {
    let tasks = (0..10).map(|n| executor.submit(double, n)).collect::<Vec<_>>();
    let mut sum = tasks.into_iter().map(|task| task.get()).sum::<Result<u64, _>>()?;
    sum += executor.map(|a: u64, b: u64| a * b, [(1, 2), (3, 4)])?.iter().sum::<u64>();
    sum += executor.deliver(TaskKey::new(7), double, 1).get()?;
    sum += executor.apply(double, executor.workers() as u64)?;
    executor.close();
    assert_eq!(executor.apply(double, 1), Err(TaskError::Closed));
    executor.terminate();
    Ok(sum)
}

/// Has pools of its own.
pub(crate) fn nested(n: u64) -> u64 {
    let threads = ThreadPool::new(2).expect("threads in a worker");
    let processes = ProcessPool::new(2).expect("processes in a worker");
    let sum = |all: Vec<u64>| all.into_iter().sum::<u64>();
    let threads = threads.map(double, 0..n).map(sum).expect("a map");
    threads + processes.map(double, 0..n).map(sum).expect("a map")
}

macro_rules! contract {
    ($name:ident, $make:path) => {
        mod $name {
            use std::sync::{Arc, Mutex, mpsc};
            use std::time::Duration;
            use std::{cell::Cell, thread};

            use pool::{Event, Pool, TaskError, wait_all};

            use crate::contract::{add, double, is_panic, nested, odd_panics, use_any};
            use crate::watch;

            /// As long as no test takes.
            const LONG: Duration = Duration::from_secs(50);

            mod maps {
                use super::*;

                #[test]
                fn results_come_in_the_order_of_the_items() {
                    let _watchdog = watch("a map");
                    for chunk_size in [1, 3, 1000] {
                        let Some((_home, pool)) = $make(2, Pool::builder().chunk_size(chunk_size)) else { return };
                        for items in [0, 1, 2, 7, 1000] {
                            let expected: Vec<u64> = (0..items).map(double).collect();
                            assert_eq!(pool.map(double, 0..items).unwrap(), expected);
                        }
                    }
                    let Some((_home, pool)) = $make(3, Pool::builder()) else { return };
                    assert_eq!(pool.map(double, 0..10_000).unwrap()[9_999], 19_998);
                }

                #[test]
                fn tuples_are_spread_over_the_parameters() {
                    let _watchdog = watch("a starmap");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    assert_eq!(pool.map(add, [(1, 2), (3, 4)]).unwrap(), [3, 7]);
                    assert_eq!(pool.starmap(add, vec![(1, 2), (3, 4)]).unwrap(), [3, 7]);
                    assert_eq!(pool.map(|a, b, c| a * b + c, [(2, 3, 4)]).unwrap(), [10]);
                    assert_eq!(pool.map(|pair: (u8, u8)| pair.1, [(2, 3)]).unwrap(), [3]);
                    assert_eq!(pool.map(|| 7_u8, [(), ()]).unwrap(), [7, 7]);
                }

                #[test]
                fn a_panic_fails_its_item_and_no_other() {
                    let _watchdog = watch("a panic");
                    for chunk_size in [1, 4, 100] {
                        let Some((_home, pool)) = $make(2, Pool::builder().chunk_size(chunk_size)) else { return };
                        let results = pool.map_each(odd_panics, 0..20);
                        for (n, result) in (0..20).zip(results) {
                            if n % 2 == 0 {
                                assert_eq!(result, Ok(n));
                            } else {
                                assert!(is_panic(&result, &format!("{n} is odd")));
                            }
                        }
                        assert_eq!(pool.apply(double, 4), Ok(8));
                    }
                }

                #[test]
                fn many_threads_may_use_a_pool_at_once() {
                    let _watchdog = watch("many callers");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    let pool = Arc::new(pool);
                    let callers: Vec<_> = (0..8)
                        .map(|caller| {
                            let pool = Arc::clone(&pool);
                            thread::spawn(move || {
                                for round in 0..20 {
                                    let from = 100 * caller + round;
                                    let sum = pool.map(double, from..from + 10).unwrap();
                                    assert_eq!(sum.iter().sum::<u64>(), 20 * from + 90);
                                }
                            })
                        })
                        .collect();
                    for caller in callers {
                        caller.join().unwrap();
                    }
                }

                #[test]
                fn a_closed_pool_finishes_what_it_has_and_takes_no_more() {
                    let _watchdog = watch("a close");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    let tasks: Vec<_> = (0..100).map(|n| pool.submit(double, n)).collect();
                    pool.close();
                    assert_eq!(pool.apply(double, 1), Err(TaskError::Closed));
                    assert_eq!(pool.map(double, [1]), Err(TaskError::Closed));
                    for (n, task) in (0..100).zip(tasks) {
                        assert_eq!(task.get(), Ok(2 * n));
                    }
                    pool.join();
                }

                #[test]
                fn an_iterator_that_panics_leaves_the_pool_alone() {
                    let _watchdog = watch("an iterator that panics");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    let items = (0..10).inspect(|n| assert_ne!(*n, 5, "no more items"));
                    let call = std::panic::catch_unwind(|| pool.map(double, items));
                    assert!(call.is_err());
                    assert_eq!(pool.apply(double, 4), Ok(8));
                }
            }

            mod lazy {
                use super::*;

                #[test]
                fn results_come_in_the_order_of_the_items() {
                    let _watchdog = watch("an imap");
                    for chunk_size in [1, 7] {
                        let Some((_home, pool)) = $make(2, Pool::builder().chunk_size(chunk_size)) else { return };
                        let results: Result<Vec<_>, _> = pool.imap(double, 0..1000).collect();
                        assert_eq!(results, Ok((0..1000).map(double).collect()));
                        assert_eq!(pool.imap(double, []).next(), None);
                        let sums = pool.imap(|a: u64, b: u64| a + b, [(1, 2), (3, 4)]);
                        assert_eq!(sums.collect::<Vec<_>>(), [Ok(3), Ok(7)]);
                    }
                }

                #[test]
                fn an_endless_iterator_is_taken_in_as_results_are_taken_out() {
                    let _watchdog = watch("an endless iterator");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    let taken = Cell::new(0);
                    let endless = || (0..).inspect(|_| taken.set(taken.get() + 1));
                    let mut results = pool.imap(double, endless());
                    for n in 0..500 {
                        assert!(taken.get() <= n + 8, "{} taken in, {n} taken out", taken.get());
                        assert_eq!(results.next(), Some(Ok(2 * n)));
                    }
                    drop(results);
                    taken.set(0);
                    let mut results = pool.imap_unordered(double, endless());
                    for n in 0..500 {
                        assert!(taken.get() <= n + 8, "{} taken in, {n} taken out", taken.get());
                        assert!(results.next().unwrap().is_ok());
                    }
                }

                #[test]
                fn an_error_stands_in_its_place_and_the_next_ones_follow() {
                    let _watchdog = watch("an imap with failures");
                    for chunk_size in [1, 3, 100] {
                        let Some((_home, pool)) = $make(2, Pool::builder().chunk_size(chunk_size)) else { return };
                        let mut count = 0;
                        for (n, result) in (0..50).zip(pool.imap(odd_panics, 0..50)) {
                            count += 1;
                            let odd = is_panic(&result, &format!("{n} is odd"));
                            assert!(if n % 2 == 0 { result == Ok(n) } else { odd });
                        }
                        assert_eq!(count, 50);
                        let results = pool.imap_unordered(odd_panics, 0..50);
                        assert_eq!(results.filter(Result::is_ok).count(), 25);
                    }
                }

                #[test]
                fn an_iterator_that_panics_is_the_last_error() {
                    let _watchdog = watch("an iterator that panics");
                    let Some((_home, pool)) = $make(2, Pool::builder().chunk_size(2)) else { return };
                    let items = || (0..10).inspect(|n| assert_ne!(*n, 5, "no more items"));
                    let results: Vec<_> = pool.imap(double, items()).collect();
                    assert_eq!(results[..5], [0, 2, 4, 6, 8].map(Ok));
                    assert!(results.len() == 6 && matches!(results[5], Err(TaskError::Panicked(_))));
                    let results: Vec<_> = pool.imap_unordered(double, items()).collect();
                    assert!(results.len() == 6 && matches!(results[5], Err(TaskError::Panicked(_))));
                    assert_eq!(pool.apply(double, 4), Ok(8));
                }
            }

            mod tasks {
                use super::*;

                #[test]
                fn a_call_can_be_submitted_and_asked_for_later() {
                    let _watchdog = watch("a map_async");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    let mut task = pool.map_async(double, 0..1000);
                    let more = pool.starmap_async(|a: u64, b: u64| a + b, [(1, 2), (3, 4)]);
                    let failing = pool.map_async(odd_panics, [2, 4, 5, 6]);
                    let empty = pool.map_async(double, []);
                    assert_eq!(task.get_timeout(LONG).unwrap().unwrap()[999], 1998);
                    assert_eq!(more.get(), Ok(vec![3, 7]));
                    assert!(is_panic(&failing.get(), "5 is odd"));
                    assert_eq!(empty.get(), Ok(vec![]));
                }

                #[test]
                fn a_callback_gets_the_result_before_the_pool_has_ended() {
                    let _watchdog = watch("callbacks");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    let (sender, receiver) = mpsc::channel();
                    for n in 0..20 {
                        let sender = sender.clone();
                        pool.submit(odd_panics, n).on_done(move |result| {
                            sender.send((n, result)).expect("the test listens");
                        });
                    }
                    let whole = sender.clone();
                    pool.map_async(double, [1, 2]).on_done(move |result| {
                        whole.send((100, result.map(|all| all.len() as u64))).unwrap();
                    });
                    pool.join();
                    drop(sender);
                    let mut results: Vec<_> = receiver.try_iter().collect();
                    results.sort_by_key(|(n, _)| *n);
                    assert_eq!(results.len(), 21, "each callback is called once");
                    assert_eq!(results[20], (100, Ok(2)));
                    for (n, result) in &results[..20] {
                        assert!(*result == Ok(*n) || is_panic(result, &format!("{n} is odd")));
                    }
                }

                #[test]
                fn a_callback_of_a_task_that_is_done_is_called_at_once() {
                    let _watchdog = watch("a late callback");
                    let Some((_home, pool)) = $make(1, Pool::builder()) else { return };
                    let task = pool.submit(double, 4);
                    assert!(wait_all(std::slice::from_ref(&task), LONG));
                    let mine = thread::current().id();
                    let (sender, receiver) = mpsc::channel();
                    task.on_done(move |result| sender.send((result, thread::current().id())).unwrap());
                    assert_eq!(receiver.recv(), Ok((Ok(8), mine)));
                }

                #[test]
                fn a_callback_that_panics_harms_nobody() {
                    let _watchdog = watch("callbacks that panic");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    let (sender, receiver) = mpsc::channel();
                    for n in 0..20 {
                        let sender = sender.clone();
                        pool.submit(double, n).on_done(move |result| {
                            let value = result.unwrap();
                            sender.send(value).unwrap();
                            panic!("no use for {value}");
                        });
                    }
                    (0..20).for_each(|_| assert!(receiver.recv_timeout(LONG).unwrap() < 40));
                    assert_eq!(pool.map(double, 0..100).unwrap().len(), 100);
                }

                #[test]
                fn a_task_can_be_awaited_on_any_executor() {
                    let _watchdog = watch("futures");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    let sum = async {
                        let tasks: Vec<_> = (0..20).map(|n| pool.submit(double, n)).collect();
                        let mut sum = 0;
                        for task in tasks {
                            sum += task.await?;
                        }
                        let all = pool.map_async(double, [1, 2]).await?;
                        let failed = pool.submit(odd_panics, 1).await;
                        assert!(is_panic(&failed, "1 is odd"));
                        Ok::<_, TaskError>(sum + all.len() as u64)
                    };
                    assert_eq!(pollster::block_on(sum), Ok(382));
                }
            }

            mod events {
                use super::*;

                #[test]
                fn a_failure_is_told_with_its_index_and_its_text() {
                    let _watchdog = watch("events");
                    let (sender, events) = mpsc::channel();
                    let sender = Mutex::new(sender);
                    let settings = Pool::builder().chunk_size(4).describe(|n: &u64| format!("number {n}"));
                    let settings = settings.on_event(move |event| sender.lock().unwrap().send(event).unwrap());
                    let Some((_home, pool)) = $make(2, settings) else { return };
                    assert_eq!(pool.map_each(odd_panics, [10, 12, 13, 14]).len(), 4);
                    pool.map_each(|text: String| assert!(text.is_empty()), ["no number".to_owned()]);
                    pool.join();
                    let mut told = events.iter().filter(|it| matches!(it, Event::TaskFailed { .. }));
                    let first = told.next().unwrap();
                    let Event::TaskFailed { index, item, error, .. } = &first else { unreachable!() };
                    assert_eq!((*index, item.as_deref()), (2, Some("number 13")));
                    assert!(matches!(error, TaskError::Panicked(panic) if panic.message == "13 is odd"));
                    assert!(first.to_string().starts_with("item 2 (number 13) failed: "), "{first}");
                    let second = told.next().unwrap();
                    assert!(matches!(second, Event::TaskFailed { index: 0, item: None, .. }));
                    assert_eq!(told.next(), None);
                }

                #[test]
                fn a_listener_that_panics_harms_nobody() {
                    let _watchdog = watch("a listener that panics");
                    let pool = Pool::builder().on_event(|event| panic!("{event}"));
                    let Some((_home, pool)) = $make(2, pool.describe(|n: &u64| panic!("{n}"))) else { return };
                    assert!(pool.apply(odd_panics, 1).is_err());
                    assert_eq!(pool.apply(double, 1), Ok(2));
                }
            }

            mod endings {
                use super::*;

                #[test]
                fn terminate_may_be_called_again_and_from_several_threads() {
                    let _watchdog = watch("terminates");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    let tasks: Vec<_> = (0..1000).map(|n| pool.submit(double, n)).collect();
                    thread::scope(|scope| {
                        for _ in 0..4 {
                            scope.spawn(|| pool.terminate());
                        }
                    });
                    pool.close();
                    pool.terminate();
                    for (n, task) in (0..1000).zip(tasks) {
                        let result = task.get();
                        assert!(result == Ok(2 * n) || result == Err(TaskError::Cancelled));
                    }
                    assert_eq!(pool.submit(double, 1).get(), Err(TaskError::Closed));
                    pool.join();
                }

                #[test]
                fn code_that_is_generic_over_pools_runs_on_any() {
                    let _watchdog = watch("an executor");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    assert_eq!(use_any(&pool), Ok(90 + 14 + 2 + 4));
                }

                #[test]
                fn a_worker_may_have_pools_of_its_own() {
                    let _watchdog = watch("a pool in a pool");
                    let Some((_home, pool)) = $make(2, Pool::builder()) else { return };
                    assert_eq!(pool.map(nested, [3, 4]), Ok(vec![12, 24]));
                }
            }
        }
    };
}

pub(crate) use contract;
