//! The fork server: this program started anew, which stops in its guard and makes children.
//!
//! ```text
//! program ──── control: {what it starts with, its descriptors} ───► fork server
//!    ▲   ◄──── answer: 0 or an error ────────────────────────────────── │
//!    └─────────────── parent of ─────────────── child ◄── clone3 ───────┘
//! ```
//!
//! It has one thread and little memory, so that to copy it is cheap. It has not joined the program,
//! so its copies have nothing to forget: each arrives like any other child. They are made with
//! CLONE_PARENT and so are the program's own children, whose end it sees and whose status it gets,
//! whether the server lives or not.
//!
//! The control line is a socket pair. The server inherits its end, and nobody else has one: whoever
//! can ask is the program. When the program is gone the line is closed, and the server ends.
//!
//! A server may die after it has made a child and before it has said so. The kernel
//! therefore writes the child's id, before that runs, into a page that the program looks at.

mod client;
mod server;
mod wire;

pub(crate) use client::{end, has_environment, hold, start};
pub(crate) use server::{is_fork_server, serve};
