//! The fork server: this program started anew, which stops in its guard and makes children.
//!
//! ```text
//! program ──── control: {what it starts with, its descriptors} ───► spare
//!  ▲ ▲ ▲  ◄─── answer: its id, or an error ─────────────────────────  │ ▲
//!  │ │ └───────────── parent of ───────────── child ◄── becomes ──────┘ │
//!  │ └─────────────── parent of ───────────── spare ◄── clone ─── fork server
//!  └───────────────── parent of ─────────────────────────────────────┘
//! ```
//!
//! It has one thread and little memory, so that to copy it is cheap. It has not joined the program,
//! so its copies have nothing to forget: each arrives like any other child. They are made with
//! CLONE_PARENT and so are the program's own children, whose end it sees and whose status it gets,
//! whether the server lives or not.
//!
//! One copy is made ahead, the spare. It alone takes a request, answers it and is the child; it then
//! has the server make the next, by another line between the two. So no start waits for the fork, nor, where there is
//! time before it, for the code that a child runs.
//!
//! The control line is a socket pair. The server and its spare have its other end, and nobody else does once it has
//! begun: whoever can ask is the program. When the program is gone the line is closed, the spare ends, and at
//! that the server ends.
//!
//! Any of them may die at any time. A spare that ends without having answered takes the server with it,
//! and when both are gone the line is closed: no child runs then, and the program starts another server. (One that was
//! killed at once after its answer the program has struck out of the page, see below.)
//! A server that ends leaves its spare, which still takes a request. For a spare that nobody wants any more
//! the kernel writes its id, before it runs, into a page that the program looks at.
//!
//! Both have interrupts blocked. One that comes while a spare stands by is meant for those who are there, and perhaps the
//! program dies of it: a spare that finds it when it is wanted puts it aside and has a program that still lives ask again.

mod client;
mod code;
mod server;
mod wire;

pub(crate) use client::{end, has_environment, hold, start};
pub(crate) use server::{is_fork_server, serve};
