//! What the suite says in the end.

mod assemble;
mod compare;
mod facts;
pub(crate) mod file;
mod markdown;
mod page;
mod pays;
mod pivot;
mod saved;
mod schema;
pub(crate) mod units;
mod versions;

pub(crate) use assemble::{rows, speed_ups, verdict};
pub(crate) use compare::Comparison;
pub(crate) use markdown::{header, table};
pub(crate) use page::page;
pub(crate) use saved::{Saved, read};
#[cfg(test)]
pub(crate) use schema::tests::example;
pub(crate) use schema::{Point, Report, Row, Settings, Standing, Table, Varied};
