//! Memory that unrelated programs find by a name.
//!
//! A name is a small file in a private directory, which says how to get at the memory. The file is a
//! hint and nothing more. The truth is the kernel's, in locks on
//! single bytes of the file that belong to an open file (`F_OFD_SETLK`) and go with it, however its
//! process ends:
//!
//! | byte | mode | held by | means |
//! |---|---|---|---|
//! | `LIFE` | shared | everybody who has the memory | it is there |
//! | `LIFE` | exclusive | who found nobody there | the name is dead: make it anew, or remove the file |
//! | `GATE` | exclusive | who creates, attaches, unlinks or reaps | one at a time for each name |
//! | `WRITE` | exclusive | who changes what only one may change at a time | |
//! | beyond | exclusive | who has the memory and is an entry of the file, where files have entries | the entry is taken |
//!
//! `LIFE` is only ever tried for behind the gate, so a try can not be mistaken for life. A file that is
//! removed is removed behind its gate, and who comes through a gate looks whether the file is still the
//! one that the name leads to. So a living name is never reaped: its `LIFE` cannot be had.
//!
//! A process that dies at any instruction leaves a file without locks, which is dead whatever is in
//! it. The next use of any name removes it, and the directory with the last one.
//!
//! Closing a descriptor does not release a lock that a child of a plain fork, or one on its way to an
//! exec, has got a copy of; so locks are released in words.
//!
//! What the file says, and where the memory is, each system has its own way for: its `names::holder`.

mod directory;
mod gate;
mod id;
pub(in crate::sys) mod lock;
mod segment;

pub(in crate::sys) use gate::gone;
pub(crate) use id::Id;
pub(crate) use segment::{Draft, Segment, attach, create};
