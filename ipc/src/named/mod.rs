//! Memory by name: the one door between programs.

mod shared_memory;

pub use shared_memory::SharedMemory;
pub(crate) use shared_memory::create;
