//! The commands, one file each.

mod bench;
mod ci;
mod doc;
mod examples;
mod nightly;
mod test;
mod tidy;

pub(crate) use bench::Bench;
pub(crate) use ci::Ci;
pub(crate) use doc::Doc;
pub(crate) use examples::Examples;
pub(crate) use nightly::Nightly;
pub(crate) use test::Test;
pub(crate) use tidy::Tidy;
