//! What an `Event` does, in every world.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::world::World;
use sync_prims::Event;

in_every_world!(
    a_new_event_is_not_set,
    set_and_clear_are_idempotent,
    wait_returns_at_once_when_set,
    set_wakes_every_waiter,
    wait_timeout_says_whether_it_was_set,
    a_waiter_returns_although_clear_follows_set,
    no_set_is_missed,
    what_was_written_before_set_is_seen_after_wait,
);

fn a_new_event_is_not_set<W: World>() {
    assert!(!W::place(Event::<W::Scope>::new()).is_set());
    assert!(!Event::<W::Scope>::default().is_set());
}

fn set_and_clear_are_idempotent<W: World>() {
    let event = W::place(Event::<W::Scope>::new());
    event.set();
    event.set();
    assert!(event.is_set());
    event.clear();
    event.clear();
    assert!(!event.is_set());
}

fn wait_returns_at_once_when_set<W: World>() {
    let event = W::place(Event::<W::Scope>::new());
    event.set();
    event.wait();
    assert!(event.wait_timeout(Duration::ZERO));
}

fn set_wakes_every_waiter<W: World>() {
    let event = W::place(Event::<W::Scope>::new());
    let through = AtomicUsize::new(0);
    thread::scope(|scope| {
        for i in 0..8 {
            let through = &through;
            scope.spawn(move || {
                match i % 2 {
                    0 => event.wait(),
                    _ => assert!(event.wait_timeout(Duration::from_secs(30))),
                }
                through.fetch_add(1, Ordering::Relaxed);
            });
        }
        event.set();
    });
    assert_eq!(through.into_inner(), 8);
}

fn wait_timeout_says_whether_it_was_set<W: World>() {
    let event = W::place(Event::<W::Scope>::new());
    let time = Duration::from_millis(20);
    let start = Instant::now();
    assert!(!event.wait_timeout(time));
    assert!(start.elapsed() >= time);
    event.set();
    assert!(event.wait_timeout(time));
}

fn a_waiter_returns_although_clear_follows_set<W: World>() {
    let event = W::place(Event::<W::Scope>::new());
    for _ in 0..20 {
        thread::scope(|scope| {
            let waiters = [(); 3].map(|()| support::asleep_in(scope, || event.wait()));
            event.set();
            event.clear();
            waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
        });
    }
    assert!(!event.is_set());
}

fn no_set_is_missed<W: World>() {
    let there = W::place(Event::<W::Scope>::new());
    let back = W::place(Event::<W::Scope>::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3_000 {
                there.wait();
                there.clear();
                back.set();
            }
        });
        for _ in 0..3_000 {
            there.set();
            back.wait();
            back.clear();
        }
    });
}

fn what_was_written_before_set_is_seen_after_wait<W: World>() {
    let event = W::place(Event::<W::Scope>::new());
    let value = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            value.store(5, Ordering::Relaxed);
            event.set();
        });
        event.wait();
        assert_eq!(value.load(Ordering::Relaxed), 5);
    });
}
