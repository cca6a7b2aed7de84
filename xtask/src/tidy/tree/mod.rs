//! The files of the project, read and taken apart once for all rules.

mod code;
mod list;
mod manifest;
mod markdown;
mod modules;
mod place;
mod rust_file;
mod test_code;
mod whole;

pub(crate) use code::{Code, Token};
pub(crate) use manifest::{Dependency, Manifest, Section};
pub(crate) use place::Area;
pub(crate) use rust_file::RustFile;
pub(crate) use whole::Tree;
