//! Threads, processes or both, over what, and which measured lines of this machine say so.
//!
//! - `needs`: what the user's work is like, from flags or from answers.
//! - `tree`: the decisions, from nothing but the needs. Each has its reason and names the lines of the
//!   report that it rests on.
//! - `evidence`: those lines, from the `results.json` of the last measurement.
//! - `profile`: the needs of a function, measured.

mod evidence;
mod needs;
mod profile;
mod program;
mod tree;

pub use profile::{Profile, profile, profile_with};
pub use program::advise;
