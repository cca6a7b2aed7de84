//! Signals that come while a thread waits: no wait tells of them, or ends for them.
#![cfg(unix)]
#![expect(unsafe_code, reason = "sends signals")]

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Once, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use support::world::World;
use sync_prims::{
    Barrier, BrokenBarrier, Condition, Event, Lock, RLock, RwLock, Semaphore, TryLockError,
};

in_every_world!(
    a_timeout_under_a_storm_of_signals_is_a_timeout,
    what_is_waited_for_comes_through_a_storm_of_signals,
);

const TIME: Duration = Duration::from_millis(50);

static CAUGHT: AtomicUsize = AtomicUsize::new(0);

extern "C" fn catch(_signal: libc::c_int) {
    CAUGHT.fetch_add(1, Ordering::Relaxed);
}

/// A handler that has the system calls it interrupts fail.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: all-zero bytes are a valid sigaction, without SA_RESTART; the handler only adds to
        // an atomic.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = catch as extern "C" fn(libc::c_int) as usize;
            let result = libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut());
            assert_eq!(result, 0);
        }
    });
}

/// Runs `wait` on a thread that is sent one signal after the other until it has returned, and gives
/// how long that took. `meanwhile` is run after a hundred of them.
fn in_a_storm(wait: impl FnOnce() + Send, meanwhile: impl FnOnce()) -> Duration {
    install();
    let over = AtomicBool::new(false);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            // SAFETY: takes nothing and cannot fail.
            tell.send(unsafe { libc::pthread_self() } as usize).expect("the test listens");
            let start = Instant::now();
            wait();
            let took = start.elapsed();
            over.store(true, Ordering::Relaxed);
            took
        });
        let thread = told.recv().expect("the waiter tells");
        let before = CAUGHT.load(Ordering::Relaxed);
        let mut meanwhile = Some(meanwhile);
        while !over.load(Ordering::Relaxed) {
            // SAFETY: a thread that is not joined yet, so its handle is valid.
            unsafe { libc::pthread_kill(thread as libc::pthread_t, libc::SIGUSR1) };
            thread::yield_now();
            if CAUGHT.load(Ordering::Relaxed) >= before + 100
                && let Some(meanwhile) = meanwhile.take()
            {
                meanwhile();
            }
        }
        assert!(CAUGHT.load(Ordering::Relaxed) > before, "no signal came");
        waiter.join().expect("the waiter returns")
    })
}

/// `wait` may neither be early nor, in the best of a few attempts, more than 50 milliseconds late.
fn assert_in_time(wait: impl Fn() + Sync) {
    let took: Vec<Duration> = (0..5).map(|_| in_a_storm(&wait, || ())).collect();
    assert!(took.iter().all(|&it| it >= TIME), "{took:?}");
    assert!(took.iter().any(|&it| it <= TIME + Duration::from_millis(50)), "{took:?}");
}

fn a_timeout_under_a_storm_of_signals_is_a_timeout<W: World>() {
    let lock = W::place(Lock::<_, W::Scope>::new(()));
    let held = lock.lock().unwrap();
    assert_in_time(|| {
        assert!(matches!(lock.lock_timeout(TIME), Err(TryLockError::WouldBlock)));
    });
    drop(held);
    let rlock = W::place(RLock::<_, W::Scope>::new(()));
    let held = rlock.lock().unwrap();
    assert_in_time(|| assert!(rlock.lock_timeout(TIME).is_err()));
    drop(held);
    let shared = W::place(RwLock::<_, W::Scope>::new(()));
    let held = shared.read().unwrap();
    assert_in_time(|| assert!(shared.write_timeout(TIME).is_err()));
    drop(held);
    let held = shared.write().unwrap();
    assert_in_time(|| assert!(shared.read_timeout(TIME).is_err()));
    drop(held);
    let event = W::place(Event::<W::Scope>::new());
    assert_in_time(|| assert!(!event.wait_timeout(TIME)));
    let semaphore = W::place(Semaphore::<W::Scope>::new(0));
    assert_in_time(|| assert!(semaphore.acquire_timeout(TIME).is_none()));
    let condition = W::place(Condition::<W::Scope>::new());
    assert_in_time(|| {
        let (_guard, result) = condition.wait_timeout(lock.lock().unwrap(), TIME).unwrap();
        assert!(result.timed_out());
    });
    let barrier = W::place(Barrier::<W::Scope>::new(2));
    assert_in_time(|| {
        assert_eq!(barrier.wait_timeout(TIME), Err(BrokenBarrier));
        barrier.reset();
    });
}

fn what_is_waited_for_comes_through_a_storm_of_signals<W: World>() {
    let lock = W::place(Lock::<_, W::Scope>::new(0));
    let held = lock.lock().unwrap();
    in_a_storm(|| *lock.lock().unwrap() += 1, || drop(held));
    assert_eq!(*lock.lock().unwrap(), 1);
    let event = W::place(Event::<W::Scope>::new());
    in_a_storm(|| event.wait(), || event.set());
    assert!(event.is_set());
    let semaphore = W::place(Semaphore::<W::Scope>::new(0));
    in_a_storm(|| semaphore.acquire().forget(), || semaphore.release(1));
    assert_eq!(semaphore.available(), 0);
    let condition = W::place(Condition::<W::Scope>::new());
    in_a_storm(
        || drop(condition.wait_while(lock.lock().unwrap(), |value| *value == 1).unwrap()),
        || {
            *lock.lock().unwrap() = 2;
            condition.notify_one();
        },
    );
    let barrier = W::place(Barrier::<W::Scope>::new(2));
    in_a_storm(|| assert!(barrier.wait().is_ok()), || assert!(barrier.wait().is_ok()));
}
