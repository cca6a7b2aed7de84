//! Workers that are processes.
//!
//! ```text
//!              letters                         chunks: one ring a worker
//!   callers ------------> supervisor, a thread -------------------------> workers
//!   keeper  (who ended)         ^                                            |
//!                               +--------------------------------------------+
//!                                 reports: one ring for all
//!                                 small results: one ledger a worker
//! ```
//!
//! The supervisor sleeps in one place only, at the reports. A letter goes into a list of the parent's own and is announced
//! in that ring by a message that says nothing. So does a worker's end; and as the ring keeps the order, a mark that
//! the supervisor sends to itself after it has read of the end comes out after all that
//! the dead worker has sent.
//!
//! A result is reported by a message only if it is long or has handles in it. The others go to the worker's
//! [`ledger`], and a message at the end of the chunk tells of all of them. Reports are numbered, so that
//! they keep their order.
//!
//! A worker has a few chunks before it, so that it need not wait for the supervisor between two.
//! Two words in shared memory say which it has begun and which item it runs, and let the supervisor take
//! back what it has not begun, and kill it for one item and no other ([`control`]). Who cancels a call takes back
//! what was sent of it by itself ([`outstanding`]), so that nothing of it begins from then on.

mod agenda;
mod backend;
mod control;
mod crew;
mod dispatch;
mod ends;
mod host;
mod job;
mod ledger;
mod mailbox;
mod outstanding;
mod recruiter;
mod seat;
mod supervisor;
mod wire;
mod worker;

pub(crate) use backend::Processes;
pub(crate) use job::{ProcessJob, for_processes};
