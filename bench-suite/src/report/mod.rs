//! What the suite says in the end.

mod assemble;
mod markdown;
mod schema;
mod units;
mod versions;

pub(crate) use assemble::{rows, verdict};
pub(crate) use markdown::{header, table};
pub(crate) use schema::{Report, Settings, Table};
