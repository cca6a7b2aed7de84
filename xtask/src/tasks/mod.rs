//! The commands, one file each.

mod advise;
mod bench;
mod chaos;
mod ci;
mod death;
mod doc;
mod examples;
mod linux;
mod loom;
mod macos;
mod nightly;
mod test;
mod tidy;
mod tsan;
mod windows;

pub(crate) use advise::Advise;
pub(crate) use bench::Bench;
pub(crate) use chaos::{Chaos, Library};
pub(crate) use ci::Ci;
pub(crate) use death::Death;
pub(crate) use doc::Doc;
pub(crate) use examples::Examples;
pub(crate) use linux::Linux;
pub(crate) use loom::Loom;
pub(crate) use macos::Macos;
pub(crate) use nightly::Nightly;
pub(crate) use test::Test;
pub(crate) use tidy::Tidy;
pub(crate) use tsan::Tsan;
pub(crate) use windows::Windows;
