//! How much memory messages take and give back, which Linux alone tells, and capacities that need none. Alone in its
//! binary, because it counts everything in the heap.
#![cfg(target_os = "linux")]

#[path = "footprint/mod.rs"]
mod footprint;
mod leaves_nothing;

use footprint::{KEPT, memory};
use ipc::Queue;
use leaves_nothing::leaves_nothing;

#[test]
fn the_capacity_of_a_queue_may_be_far_more_than_the_machine_has_memory_for() {
    leaves_nothing(|| {
        let queue = Queue::<u64>::bounded(100_000_000).expect("address space");
        queue.put(1).expect("room");
        assert_eq!((queue.get().expect("sent"), queue.capacity()), (1, Some(100_000_000)));
    });
}

#[test]
fn many_messages_take_memory_by_their_bytes_and_give_it_back() {
    leaves_nothing(|| {
        const COUNT: u64 = if cfg!(debug_assertions) { 150_000 } else { 1_000_000 };
        const BYTES: u64 = 1_000;
        let message = "x".repeat(BYTES as usize);
        let queue = Queue::<String>::unbounded().expect("a queue");
        for part in 1..=10 {
            queue.put_many((0..COUNT / 10).map(|_| message.clone())).expect("room");
            // Its bytes, those that its block is larger, and what is noted of it.
            let each = memory() / (part * COUNT / 10);
            assert!((BYTES..BYTES + 400).contains(&each), "{each} bytes for each message");
        }
        for part in (0..10).rev() {
            queue.get_many(COUNT as usize / 10).expect("messages");
            let left = memory().saturating_sub(part * COUNT / 10 * (BYTES + 400));
            assert!(left < KEPT + 300 * COUNT, "{left} bytes are left of what was taken out");
        }
        // What was noted of them is kept for the next.
        assert!(memory() < KEPT + 150 * COUNT, "{} bytes", memory());
    });
}

#[test]
fn large_messages_after_many_small_ones_keep_no_more_memory_than_those() {
    leaves_nothing(|| {
        const SMALL: usize = 1_200;
        const LARGE: usize = 12 << 20;
        // As much as is kept, in more places than are looked at when a few messages are taken out.
        let small = KEPT as usize / SMALL;
        let queue = Queue::<String>::unbounded().expect("a queue");
        queue.put_many((0..small).map(|_| "x".repeat(SMALL))).expect("room");
        queue.get_many(small).expect("messages");
        queue.put_many((0..20).map(|_| "x".repeat(LARGE - 64))).expect("room");
        let full = memory();
        assert!(full > KEPT + 20 * LARGE as u64, "{full}");
        (0..20).for_each(|_| drop(queue.get().expect("a message")));
        // One message more, and what was noted of them all.
        let left = memory();
        assert!(left < KEPT + LARGE as u64 + 200 * small as u64, "{left} bytes are left of {full}");
    });
}
