//! A stream of few bytes.
#![expect(unsafe_code, reason = "both sides have the header for as long as they are there")]

use loom::sync::Arc;

use super::bytes::Bytes;
use super::primitive::{AtomicU32, AtomicU64};
use crate::heap::{Heap, Signal};

#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) flow: AtomicU32,
    pub(super) not_empty: Signal,
    pub(super) not_full: Signal,
    pub(super) tail: AtomicU64,
    pub(super) processor: AtomicU32,
    pub(super) head: AtomicU64,
}

pub(crate) struct Stream {
    pub(super) heap: &'static Heap,
    pub(super) header: &'static Header,
    pub(super) bytes: Bytes,
    pub(super) capacity: u64,
    pub(super) mine: u64,
    pub(super) other: u64,
    pub(super) untold: bool,
    /// Keeps the header.
    _place: Arc<(Header, Heap)>,
}

/// The two sides of a stream for so many words.
pub(crate) fn stream(words: usize) -> [Stream; 2] {
    let place = Arc::new((Header::default(), Heap::default()));
    crate::made(&place.0);
    let bytes = Bytes::new(words);
    // SAFETY: each side keeps the place, and lends no more of it than itself.
    let (header, heap): (&'static Header, &'static Heap) =
        unsafe { (&*std::ptr::from_ref(&place.0), &*std::ptr::from_ref(&place.1)) };
    [(); 2].map(|()| Stream {
        heap,
        header,
        bytes: bytes.clone(),
        capacity: words as u64 * 8,
        mine: 0,
        other: 0,
        untold: false,
        _place: Arc::clone(&place),
    })
}
