//! What Linux and macOS have in common, by POSIX or as it happens. What it needs besides is in the folder of
//! the system, under the same names: `socket`, `names::holder`, `line`, `memory`.

pub(crate) mod descriptor;
pub(crate) mod fork;
mod forked;
pub(in crate::sys) mod handover;
pub(in crate::sys) mod mark;
pub(crate) mod names;
pub(in crate::sys) mod passing;
pub(crate) mod processors;
mod socket_file;
pub(crate) mod stream;
pub(crate) mod streams;
