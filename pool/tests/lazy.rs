//! `imap` and `imap_unordered`, tested once and run on every kind of pool.

mod kinds;
mod watchdog;

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use ipc::{Receiver, Sender, Shared};
use kinds::Kinds as _;
use pool::{Pool, TaskError};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn double(n: u64) -> u64 {
    2 * n
}

fn odd_panics(n: u64) -> u64 {
    assert!(n.is_multiple_of(2), "{n} is odd");
    n
}

/// The first waits until it is told to go on.
fn first_waits(go_on: Receiver<()>, n: u64) -> u64 {
    if n == 0 {
        // That nobody will ever tell it is as good.
        let _ = go_on.recv();
    }
    n
}

/// Says that it has begun, and goes on when it is told to.
fn meet(begun: Shared<AtomicU64>, here: Sender<()>, go_on: Receiver<()>) {
    begun.fetch_add(1, SeqCst);
    here.send(()).expect("the test listens");
    let _ = go_on.recv();
}

const LONG: Duration = Duration::from_secs(50);
const SHORT: Duration = Duration::from_millis(1);

fn is_panic<R>(result: &Result<R, TaskError>, message: &str) -> bool {
    matches!(result, Err(TaskError::Panicked(panic)) if panic.message == message)
}

/// What does not ask what the workers are, nor hands them anything that only this machine has.
macro_rules! anywhere {
    ($($kind:ident)*) => {
        mod anywhere {
            use super::*;

            $(
                mod $kind {
                    use super::*;

                    #[test]
                    fn results_come_in_the_order_of_the_items() {
                        let _watchdog = watch("an imap");
                        for chunk_size in [1, 7] {
                            let pool = kinds::$kind(2, Pool::builder().chunk_size(chunk_size)).unwrap();
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
                        let pool = kinds::$kind(2, Pool::builder()).unwrap();
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
                            let pool = kinds::$kind(2, Pool::builder().chunk_size(chunk_size)).unwrap();
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
                        let pool = kinds::$kind(2, Pool::builder().chunk_size(2)).unwrap();
                        let items = || (0..10).inspect(|n| assert_ne!(*n, 5, "no more items"));
                        let results: Vec<_> = pool.imap(double, items()).collect();
                        assert_eq!(results[..5], [0, 2, 4, 6, 8].map(Ok));
                        assert!(results.len() == 6 && matches!(results[5], Err(TaskError::Panicked(_))));
                        let results: Vec<_> = pool.imap_unordered(double, items()).collect();
                        assert!(results.len() == 6 && matches!(results[5], Err(TaskError::Panicked(_))));
                        assert_eq!(pool.apply(double, 4), Ok(8));
                    }
                }
            )*
        }
    };
}

anywhere!(threads by_spawn by_fork_server carried);

macro_rules! suite {
    ($kind:ident) => {
        mod $kind {
            use super::*;

            #[test]
            fn unordered_results_come_as_they_are_done_each_once() {
                let _watchdog = watch("an imap_unordered");
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let items = (0..100).map(|n| (go_on.clone(), n));
                let mut results = pool.imap_unordered(first_waits, items);
                let mut seen: Vec<_> = results.by_ref().take(99).map(Result::unwrap).collect();
                seen.sort_unstable();
                assert_eq!(seen, Vec::from_iter(1..100), "all but the one that waits");
                assert_eq!(results.next_timeout(SHORT), None);
                drop(go);
                assert_eq!(results.next_timeout(LONG), Some(Some(Ok(0))));
                assert_eq!(results.next_timeout(LONG), Some(None));
            }

            #[test]
            fn a_result_that_is_not_there_in_time_is_not_lost() {
                let _watchdog = watch("next_timeout");
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let mut results = pool.imap(first_waits, (0..3).map(|n| (go_on.clone(), n)));
                assert_eq!(results.next_timeout(SHORT), None);
                assert_eq!(results.next_timeout(SHORT), None);
                drop(go);
                assert_eq!(results.next_timeout(LONG), Some(Some(Ok(0))));
                assert_eq!(results.next_timeout(Duration::MAX), Some(Some(Ok(1))));
                assert_eq!(results.next(), Some(Ok(2)));
                assert_eq!(results.next_timeout(LONG), Some(None));
            }

            #[test]
            fn a_dropped_iterator_cancels_what_nobody_will_take() {
                let _watchdog = watch("a dropped imap");
                let pool = Pool::builder().workers(1).$kind().unwrap();
                let begun = Shared::new(AtomicU64::new(0)).unwrap();
                let (go, go_on) = ipc::channel::<()>(1).unwrap();
                let (here, has_begun) = ipc::channel(1).unwrap();
                let items = vec![(begun.clone(), here, go_on); 10];
                let results = pool.imap(meet, items);
                has_begun.recv().unwrap();
                drop(results);
                let next = pool.submit(double, 4);
                if stringify!($kind) == "threads" {
                    // It cannot be stopped, and takes nothing more.
                    drop(go);
                    assert_eq!(next.get(), Ok(8));
                } else {
                    // It is stopped as soon as the pool hears of it.
                    assert_eq!(next.get(), Ok(8));
                    drop(go);
                }
                pool.join();
                assert_eq!(begun.load(SeqCst), 1);
            }

            #[test]
            fn a_closed_or_terminated_pool_ends_the_iterator() {
                let _watchdog = watch("an imap on a closed pool");
                let pool = Pool::builder().workers(2).$kind().unwrap();
                let mut results = pool.imap(double, 0..);
                assert_eq!(results.next(), Some(Ok(0)));
                pool.close();
                let (done, not_done): (Vec<_>, Vec<_>) =
                    results.by_ref().partition(|result| result.is_ok());
                assert!((7..=9).contains(&done.len()), "{}", done.len());
                assert!(!not_done.is_empty() && not_done.len() <= 9, "{}", not_done.len());
                assert!(not_done.into_iter().all(|result| result == Err(TaskError::Closed)));
                assert_eq!(pool.imap_unordered(double, 0..).next(), Some(Err(TaskError::Closed)));
                drop(results);
                pool.join();

                let pool = Pool::builder().workers(2).$kind().unwrap();
                let (_go, go_on) = ipc::channel::<()>(1).unwrap();
                let mut results = pool.imap(first_waits, (0..).map(|n| (go_on.clone(), n)));
                assert_eq!(results.next_timeout(SHORT), None);
                pool.terminate();
                assert_eq!(results.next(), Some(Err(TaskError::Cancelled)));
                assert!(results.count() < 20, "it ends");
            }
        }
    };
}

suite!(threads);
suite!(by_spawn);
suite!(by_fork_server);
