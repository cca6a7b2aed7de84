//! Our locks on the robust list, beside those of libc.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "calls libc")]

mod support;

use support::arena::Arena;
use support::guarded;
use support::sys::child::{Child, Ended, child, die};
use sync_prims::process::Lock;
use sync_prims::{LockResult, PoisonCause};

fn place<T: Sync>(value: T) -> &'static T {
    Arena::shared().place(value)
}

fn died(child: &Child) -> PoisonCause {
    PoisonCause::OwnerDied { pid: child.pid() }
}

fn cause<T>(result: &LockResult<T>) -> Option<PoisonCause> {
    result.as_ref().err().map(|poisoned| poisoned.cause())
}

#[test]
fn our_locks_share_the_list_with_libcs_robust_mutexes() {
    guarded(|| {
        let robust: [_; 2] = std::array::from_fn(|_| place(Pthread::new()));
        let ours: [_; 3] = std::array::from_fn(|_| place(Lock::new(0)));
        let mut holder = child(|| {
            let first = ours[0].lock().unwrap();
            robust[0].lock();
            let _second = ours[1].lock().unwrap();
            robust[1].lock();
            let _third = ours[2].lock().unwrap();
            drop(first);
            robust[0].unlock();
            die();
        });
        assert_eq!(holder.wait(), Ended::Signal(libc::SIGKILL));
        assert_eq!(robust[0].lock(), 0);
        assert_eq!(robust[1].lock(), libc::EOWNERDEAD);
        let causes = ours.map(|lock| cause(&lock.lock()));
        assert_eq!(causes, [None, Some(died(&holder)), Some(died(&holder))]);
        robust.iter().for_each(|mutex| mutex.unlock());
    });
}

/// A process-shared robust mutex of libc's.
struct Pthread(std::cell::UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: made to be shared.
unsafe impl Sync for Pthread {}

impl Pthread {
    fn new() -> Self {
        // SAFETY: attributes and mutex are initialised before use; nobody waits, so it may move.
        unsafe {
            let mut kind = std::mem::zeroed();
            let mut mutex = std::mem::zeroed();
            libc::pthread_mutexattr_init(&raw mut kind);
            libc::pthread_mutexattr_setrobust(&raw mut kind, libc::PTHREAD_MUTEX_ROBUST);
            libc::pthread_mutexattr_setpshared(&raw mut kind, libc::PTHREAD_PROCESS_SHARED);
            libc::pthread_mutex_init(&raw mut mutex, &raw const kind);
            Self(std::cell::UnsafeCell::new(mutex))
        }
    }

    fn lock(&self) -> i32 {
        // SAFETY: initialised.
        unsafe { libc::pthread_mutex_lock(self.0.get()) }
    }

    fn unlock(&self) {
        // SAFETY: locked by this thread.
        unsafe { libc::pthread_mutex_unlock(self.0.get()) };
    }
}
