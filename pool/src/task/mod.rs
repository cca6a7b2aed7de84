//! What a caller keeps of what it submitted.

mod as_completed;
mod callbacks;
mod completions;
mod handle;
mod host;
mod imap;
mod outcome;
mod wait_all;

pub use as_completed::{AsCompleted, as_completed};
pub use handle::Task;
pub use imap::Imap;
pub use wait_all::wait_all;

pub(crate) use callbacks::Callbacks;
pub(crate) use host::{Callback, Host};
pub(crate) use imap::Feed;
pub(crate) use outcome::{Many, Outcome, all, each};
