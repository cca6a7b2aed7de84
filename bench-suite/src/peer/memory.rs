//! A copy within the memory of one process: the least that bytes can cost that arrive somewhere.

use std::hint::black_box;

use crate::measure::Outcome;
use crate::way::Carry;

/// Copies bytes from one place to another.
pub fn carry(size: usize) -> Outcome<Carry> {
    let (from, mut to) = (vec![7u8; size], vec![0u8; size]);
    Ok(Box::new(move |times| {
        (0..times).for_each(|_| black_box(&mut to).copy_from_slice(black_box(&from)));
        Ok(times)
    }))
}
