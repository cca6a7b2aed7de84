//! A C library that keeps its robust list in another form than those that are known.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "gives a thread another list")]

mod support;

use std::io::ErrorKind;
use std::sync::Arc;
use std::thread;

use support::arena::Arena;
use support::guarded;
use sync_prims::process::{self, Lock, Witness};

/// `struct robust_list_head`.
#[repr(C)]
struct Head {
    first: *const Head,
    offset: isize,
    pending: *const Head,
}

/// Gives the calling thread a list whose words lie at `offset` from its nodes.
fn keep_a_list_with(offset: isize) {
    let head =
        Box::leak(Box::new(Head { first: std::ptr::null(), offset, pending: std::ptr::null() }));
    head.first = head;
    // SAFETY: the head is valid, empty, and stays; this thread takes no robust mutex of libc's.
    let result =
        unsafe { libc::syscall(libc::SYS_set_robust_list, &raw const *head, size_of::<Head>()) };
    assert_eq!(result, 0);
}

#[test]
#[cfg_attr(unmarked, ignore = "no list is looked at")]
fn memory_is_not_registered_where_the_list_has_an_unknown_form() {
    guarded(|| {
        let lock = Arena::shared().place(Lock::new(0));
        thread::spawn(move || {
            keep_a_list_with(-16);
            assert_eq!(process::supported().unwrap_err().kind(), ErrorKind::Unsupported);
            let memory = Box::leak(Box::new([0u8; 64])).as_ptr_range();
            let witness: Arc<dyn Witness> = Arena::shared().witness.clone();
            // SAFETY: refused.
            let refused = unsafe { process::register(memory, witness) }.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Unsupported);
            // What others have registered is a lock all the same, and on no list.
            *lock.lock().unwrap() += 1;
        })
        .join()
        .unwrap();
        process::supported().unwrap();
        assert_eq!(*lock.lock().unwrap(), 1);
    });
}
