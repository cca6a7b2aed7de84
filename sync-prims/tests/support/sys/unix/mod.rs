//! What Linux and macOS have in common.

pub mod child;
mod memory;

pub use memory::{Lives, SIZE, map};
