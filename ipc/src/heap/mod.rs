//! The program's heap: one sparse memory object that every process of the program maps whole.
//!
//! `README.md` in this folder tells the layout, the journal and why no death leaves a half change.

mod alloc;
mod hold;
#[cfg(test)]
pub(crate) mod hostile;
mod layout;
mod map;
mod object;
mod process;
mod release;
mod signal;
mod transaction;
mod trim;
mod usage;

pub(crate) use alloc::{Contents, Size};
pub(crate) use hold::{HoldId, Owner, Role};
pub(crate) use layout::MAX_PROCESSES;
pub use layout::ProcessId;
pub(crate) use map::Heap;
pub(crate) use object::{Block, Kind, ObjectId, damaged};
pub(crate) use process::{Entry, NewProcess, State};
pub(crate) use signal::Signal;
pub use usage::Usage;
