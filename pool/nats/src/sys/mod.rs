//! What this crate asks of the operating system. One folder a system; each provides, under the same names:
//!
//! | name | contract |
//! |---|---|
//! | `signals::Signals` | what tells this process to end, waited for from its making on |

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::signals;
#[cfg(windows)]
pub(crate) use windows::signals;
