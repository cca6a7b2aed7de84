//! The Windows body. `README.md` in this folder says which of the system's mechanisms stands for what.

mod commit;
pub(crate) mod descriptor;
pub(crate) mod epoll;
pub(crate) mod fork;
pub(crate) mod image;
pub(crate) mod life;
pub(crate) mod line;
pub(crate) mod memory;
mod named_pipe;
pub(crate) mod names;
mod object;
mod poll;
pub(crate) mod processor;
pub(crate) mod readiness;
mod sleep;
pub(crate) mod stream;
pub(crate) mod streams;
