//! Memory by name: the one door between programs.

mod access;
mod shared_memory;

pub(crate) use access::{read, word, write};
pub use shared_memory::SharedMemory;
pub(crate) use shared_memory::create;
