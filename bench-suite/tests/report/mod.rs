//! What `results.json` and `report.html` have to be.
#![expect(unreachable_pub, reason = "a test has no public interface")]

pub mod breaks;
pub mod expected;
pub mod faults;
mod page;
