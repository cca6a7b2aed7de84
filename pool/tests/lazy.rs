//! `imap` and `imap_unordered`, tested once and run on every kind of pool.

mod kinds;
mod sys;
mod watchdog;

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
sys::where_a_fork_server_can_be! {
    suite!(by_fork_server);
}
