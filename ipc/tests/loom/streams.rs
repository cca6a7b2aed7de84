//! One sender and one receiver.

use loom::thread;

use crate::ring::{Stream, stream};
use crate::{check, until};

/// Bytes in a chunk.
const LEN: usize = 16;

fn send(stream: &mut Stream, number: u8) {
    let not_full = stream.not_full();
    until(not_full, || stream.has_room(LEN).expect("not damaged").then_some(()));
    stream.write(7, &[number; LEN]);
}

fn receive(stream: &mut Stream) -> u8 {
    let not_empty = stream.not_empty();
    let chunk = until(not_empty, || stream.next().expect("not damaged"));
    assert_eq!((chunk.flags, chunk.len as usize), (7, LEN));
    let mut bytes = Vec::new();
    stream.read(chunk, &mut bytes);
    assert_eq!(bytes, [bytes[0]; LEN]);
    bytes[0]
}

/// A chunk takes three words, and one more is kept free.
fn in_order(words: usize, numbers: u8) {
    check(move || {
        let [mut sender, mut receiver] = stream(words);
        let thread =
            thread::spawn(move || (0..numbers).for_each(|number| send(&mut sender, number)));
        (0..numbers).for_each(|number| assert_eq!(receive(&mut receiver), number));
        thread.join().unwrap();
        assert!(receiver.next().expect("not damaged").is_none());
    });
}

#[test]
fn chunks_arrive_whole_and_in_order() {
    in_order(8, 3);
}

#[test]
fn a_sender_that_waits_for_room_is_told_of_it() {
    in_order(4, 3);
}
