//! Memory that unrelated programs find by a name.
//!
//! The memory is a section, which the kernel frees with the last process that has it, and whose own name is a
//! random number that nobody else has. A name leads there by way of an *entry*: a small section, named after it,
//! that says the number. Everybody who has the memory has the entry, too; so both go with the last of them,
//! however they end, and nothing is left. What an entry says of memory that is gone leads nowhere, as the
//! number is never used again: the name is free.
//!
//! Who creates, attaches or unlinks holds the name's *gate*, a mutex, which the system passes on when its
//! holder dies. An entry that was half written by then leads nowhere.

mod entry;
mod mutex;
mod segment;

pub(crate) use super::object::random;
pub(crate) use segment::{Draft, Id, Segment, attach, create};
