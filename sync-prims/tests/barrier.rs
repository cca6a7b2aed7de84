//! What a `Barrier` does, in every world.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::asleep_in;
use support::world::World;
use sync_prims::{Barrier, BrokenBarrier};

in_every_world!(
    nobody_passes_before_all_are_there,
    each_has_an_index_of_its_own,
    one_party_never_waits,
    a_timeout_breaks_it_for_all,
    abort_breaks_it_until_reset,
    reset_turns_those_away_who_wait,
    waiting_counts_who_is_there,
);

fn nobody_passes_before_all_are_there<W: World>() {
    const ROUNDS: usize = 500;
    let barrier = W::place(Barrier::<W::Scope>::new(4));
    let arrived = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 1..=ROUNDS {
                    arrived.fetch_add(1, Ordering::Relaxed);
                    barrier.wait().unwrap();
                    assert!(arrived.load(Ordering::Relaxed) >= 4 * round);
                }
            });
        }
    });
    assert_eq!((barrier.parties(), barrier.waiting(), barrier.is_broken()), (4, 0, false));
}

fn each_has_an_index_of_its_own<W: World>() {
    let barrier = W::place(Barrier::<W::Scope>::new(5));
    for _ in 0..50 {
        let mut indices = thread::scope(|scope| {
            let waits = [(); 5].map(|()| scope.spawn(|| barrier.wait().unwrap()));
            waits.map(|wait| wait.join().unwrap())
        });
        assert_eq!(indices.iter().filter(|wait| wait.is_leader()).count(), 1);
        indices.sort_by_key(|wait| wait.index());
        assert_eq!(indices.map(|wait| wait.index()), [0, 1, 2, 3, 4]);
    }
}

fn one_party_never_waits<W: World>() {
    let barrier = W::place(Barrier::<W::Scope>::new(1));
    assert!((0..3).all(|_| barrier.wait().unwrap().is_leader()));
}

fn a_timeout_breaks_it_for_all<W: World>() {
    let barrier = W::place(Barrier::<W::Scope>::new(3));
    thread::scope(|scope| {
        let waiter = asleep_in(scope, || barrier.wait());
        let time = Duration::from_millis(20);
        let start = Instant::now();
        assert_eq!(barrier.wait_timeout(time), Err(BrokenBarrier));
        assert!(start.elapsed() >= time);
        assert_eq!(waiter.join().unwrap(), Err(BrokenBarrier));
    });
    assert!(barrier.is_broken());
    assert_eq!(barrier.wait(), Err(BrokenBarrier));
}

fn abort_breaks_it_until_reset<W: World>() {
    let barrier = W::place(Barrier::<W::Scope>::new(2));
    thread::scope(|scope| {
        let waiter = asleep_in(scope, || barrier.wait());
        barrier.abort();
        assert_eq!(waiter.join().unwrap(), Err(BrokenBarrier));
        assert_eq!(barrier.wait(), Err(BrokenBarrier));
        barrier.reset();
        assert!(!barrier.is_broken());
        let waiter = asleep_in(scope, || barrier.wait());
        assert_eq!(barrier.wait().unwrap().index(), 1);
        assert!(waiter.join().unwrap().unwrap().is_leader());
    });
}

fn reset_turns_those_away_who_wait<W: World>() {
    let barrier = W::place(Barrier::<W::Scope>::new(2));
    thread::scope(|scope| {
        let waiter = asleep_in(scope, || barrier.wait());
        barrier.reset();
        assert_eq!(waiter.join().unwrap(), Err(BrokenBarrier));
        assert!(!barrier.is_broken());
        assert_eq!(barrier.waiting(), 0);
    });
}

fn waiting_counts_who_is_there<W: World>() {
    let barrier = W::place(Barrier::<W::Scope>::new(3));
    assert_eq!(barrier.waiting(), 0);
    thread::scope(|scope| {
        let waiters = [(); 2].map(|()| asleep_in(scope, || barrier.wait().is_ok()));
        assert_eq!(barrier.waiting(), 2);
        assert!(barrier.wait().is_ok());
        assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
    });
    assert_eq!(barrier.waiting(), 0);
}

#[test]
#[should_panic(expected = "a barrier needs a party")]
fn no_parties_is_refused() {
    let _ = sync_prims::thread::Barrier::new(0);
}
