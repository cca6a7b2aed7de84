//! What Linux and macOS have in common, by POSIX or as it happens. What it needs besides is in the folder of the system, under
//! the same names: `end`, `runtime`, `spawn`.

pub(crate) mod fork;
pub(crate) mod interrupt;
pub(in crate::sys) mod limits;
pub(crate) mod pipe;
mod reference;
pub(crate) mod refusal;
pub(in crate::sys) mod runtime;
mod sentinel;
pub(crate) mod start;
pub(in crate::sys) mod status;
