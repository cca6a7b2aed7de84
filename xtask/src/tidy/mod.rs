//! The house rules that a machine can check: one file a rule, each with its reason.
//!
//! A rule sees the whole project at once, as a [`Tree`], and answers with what breaks it.

mod all;
mod allows;
mod arrows;
mod futex;
mod globs;
mod handles;
mod links;
mod manifests;
mod mapping;
mod names;
mod only_in;
mod orderings;
mod platform;
mod reachable;
mod roofs;
mod rule;
mod size;
mod sleeps;
mod starting;
mod stubs;
mod syntax;
mod tree;
mod unsafe_code;

pub(crate) use all::RULES;
pub(crate) use rule::{Rule, Violation};
pub(crate) use tree::Tree;
