//! What `results.json` has to be.
#![expect(unreachable_pub, reason = "a test has no public interface")]

pub mod breaks;
pub mod expected;
pub mod faults;
