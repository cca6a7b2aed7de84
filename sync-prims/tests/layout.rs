//! Sizes, and what zero bytes are.
#![expect(unsafe_code, reason = "reads values as bytes")]

use sync_prims::raw::{EventCount, RobustMutex};
use sync_prims::{process, thread};

fn is_zero<T>(value: &T) -> bool {
    // SAFETY: none of the types here has padding.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) }
        .iter()
        .all(|&byte| byte == 0)
}

#[test]
fn the_thread_scope_is_small() {
    assert!(size_of::<thread::Lock<()>>() <= 8);
    assert!(size_of::<thread::Event>() <= 8);
}

#[test]
fn new_process_primitives_are_zero_bytes() {
    assert!(is_zero(&process::Lock::new(())));
    assert!(is_zero(&process::Event::new()));
    assert!(is_zero(&RobustMutex::new()));
    assert!(is_zero(&EventCount::new()));
}

#[test]
fn process_primitives_keep_their_size() {
    assert_eq!(size_of::<process::Lock<()>>(), 40);
    assert_eq!(size_of::<process::Event>(), 8);
    assert_eq!(size_of::<RobustMutex>(), 40);
    assert_eq!(size_of::<EventCount>(), 4);
}

#[test]
fn a_slice_lock_can_be_built_in_place() {
    type Words = process::Lock<[u32]>;
    let (layout, offset) = Words::slice_layout(5).unwrap();
    assert_eq!(offset, 40);
    // SAFETY: a layout of more than zero bytes; zero bytes are a new lock and valid values.
    let lock: Box<Words> = unsafe {
        let memory = std::alloc::alloc_zeroed(layout);
        Box::from_raw(Words::slice_at(memory, 5))
    };
    assert_eq!(size_of_val(&*lock), layout.size());
    lock.lock().unwrap()[4] = 1;
    assert_eq!(&*lock.lock().unwrap(), &[0, 0, 0, 0, 1]);
}
