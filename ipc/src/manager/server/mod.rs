//! The server: objects, those who call them, and the threads that run the calls.

mod birth;
mod call;
mod cell;
mod core;
mod crew;
mod dispatch;
mod gate;
mod line;
mod run;
mod table;
mod timers;
mod watch;
mod wire;

pub(super) use birth::{Birth, Newborn, kind_of};
pub(super) use call::{Attempt, Call, Visit};
pub use run::Server;
