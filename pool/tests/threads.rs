//! What only pools of threads have to bear: a thread cannot be killed, and what panics as it ends takes everybody along.

mod watchdog;

use std::sync::{Arc, Barrier};

use pool::{Pool, TaskError, ThreadPool};
use watchdog::watch;

fn double(n: u64) -> u64 {
    2 * n
}

/// Its drop panics.
struct Brittle;

impl Drop for Brittle {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn the_state_of_a_worker_may_panic_when_it_is_dropped() {
    let _watchdog = watch("a state whose drop panics");
    let pool = Pool::builder().workers(2).initializer(|| Brittle, ()).threads().unwrap();
    assert_eq!(pool.apply(double, 4), Ok(8));
    pool.join();
}

#[test]
fn items_that_are_given_up_may_all_panic_when_they_are_dropped() {
    let _watchdog = watch("items whose drops panic");
    let pool = ThreadPool::new(1).unwrap();
    let meeting = Arc::new(Barrier::new(2));
    let here = Arc::clone(&meeting);
    let first = pool.submit(
        move || {
            here.wait();
            here.wait();
        },
        (),
    );
    meeting.wait();
    let given_up = pool.map_async(std::mem::forget::<Brittle>, [Brittle, Brittle, Brittle]);
    pool.terminate();
    meeting.wait();
    assert_eq!(given_up.get(), Err(TaskError::Cancelled));
    drop(first);
}
