//! Registered ranges, and which guards keep them.

mod support;

use std::cell::Cell;
use std::io::ErrorKind;
use std::ops::Range;
use std::sync::Arc;
use std::thread;

use support::arena::Arena;
use support::guarded;
use sync_prims::Deadline;
use sync_prims::process::{self, Lock, LockGuard, Witness};

fn range_of<T>(value: &T) -> Range<*const u8> {
    let start: *const u8 = std::ptr::from_ref(value).cast();
    start..start.wrapping_add(size_of::<T>())
}

struct Nobody;
impl Witness for Nobody {
    fn me(&self) -> u32 {
        0
    }
    fn wait_gone(&self, _process: u32, _deadline: Deadline) -> bool {
        false
    }
}

#[test]
fn a_guard_keeps_its_range_until_it_is_dropped() {
    guarded(|| {
        let pair = Arena::shared().place([Lock::new(0), Lock::new(0)]);
        let held = |i: usize| process::guard_held_in(range_of(&pair[i]));
        assert!(!held(0) && !held(1));
        let first = pair[0].lock().unwrap();
        assert!(held(0) && !held(1));
        let second = pair[1].lock().unwrap();
        drop(first);
        assert!(!held(0) && held(1));
        drop(second);
        assert!(!held(0) && !held(1));
    });
}

#[test]
fn a_forgotten_guard_keeps_its_range_even_past_its_thread() {
    guarded(|| {
        let lock = Arena::shared().place(Lock::new(0));
        thread::spawn(move || std::mem::forget(lock.lock().unwrap())).join().unwrap();
        for _ in 0..3 {
            // Other threads come and go.
            thread::spawn(|| drop(Arena::shared().place(Lock::new(0)).lock().unwrap()))
                .join()
                .unwrap();
        }
        assert!(process::guard_held_in(range_of(lock)));
    });
}

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "it is; clippy errs for Windows")]
    static KEPT: Cell<Option<LockGuard<'static, u32>>> = const { Cell::new(None) };
}

#[test]
fn a_guard_that_its_thread_drops_at_the_very_end_keeps_nothing_after_that() {
    guarded(|| {
        for is_first in [true, false] {
            let lock = Arena::shared().place(Lock::new(0));
            let other = Arena::shared().place(Lock::new(0));
            let keep = move || {
                // What is destroyed before what depends on the order of its first use.
                if is_first {
                    KEPT.set(None);
                }
                drop(other.lock().unwrap());
                KEPT.set(Some(lock.lock().unwrap()));
            };
            thread::spawn(keep).join().unwrap();
            assert!(!lock.is_locked());
            assert!(!process::guard_held_in(range_of(lock)), "{is_first}");
        }
    });
}

#[test]
fn a_lock_outside_of_every_range_keeps_nothing() {
    guarded(|| {
        let lock = Lock::new(0);
        let _guard = lock.lock().unwrap();
        assert!(!process::guard_held_in(range_of(&lock)));
    });
}

#[test]
#[expect(unsafe_code, reason = "registers memory, in vain")]
fn a_range_that_cannot_be_registered_is_refused() {
    guarded(|| {
        let witness: Arc<dyn Witness> = Arena::shared().witness.clone();
        let taken = range_of(Arena::shared().place(0u64));
        // SAFETY: refused, all of them.
        let results = unsafe {
            [
                process::register(taken.clone(), witness.clone()),
                process::register(taken.end..taken.end, witness),
                process::register(range_of(&0u64), Arc::new(Nobody)),
            ]
        };
        for result in results {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        process::supported().unwrap();
    });
}
