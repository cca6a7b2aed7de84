//! Errors of any type, as data.

use std::error::Error;
use std::fmt;

use proc_spawn::Failure;

#[derive(Debug)]
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("again")
    }
}

impl Error for Endless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&Endless)
    }
}

fn parse(text: &str) -> Result<u8, Failure> {
    Ok(text.parse::<u8>()?)
}

#[test]
fn a_failure_survives_the_wire_with_its_chain() {
    let failure = parse("x").unwrap_err().context("reading the size").context("starting");
    let bytes = serde_json::to_string(&failure).unwrap();
    let copy: Failure = serde_json::from_str(&bytes).unwrap();
    assert_eq!(copy, failure);
    let texts: Vec<_> = copy.chain().collect();
    assert_eq!(texts, ["starting", "reading the size", "invalid digit found in string"]);
    assert_eq!(copy.root_cause(), "invalid digit found in string");
    assert_eq!(copy.to_string(), "starting");
    assert_eq!(format!("{copy:#}"), "starting: reading the size: invalid digit found in string");
    assert!(format!("{copy:?}").contains("\n  caused by: reading the size"));
}

#[test]
fn a_failure_becomes_a_boxed_error_with_sources() {
    fn outer() -> Result<(), Box<dyn Error + Send + Sync>> {
        parse("x").map_err(|failure| failure.context("outer"))?;
        Ok(())
    }
    let error = outer().unwrap_err();
    assert_eq!(error.to_string(), "outer");
    assert_eq!(error.source().expect("a source").to_string(), "invalid digit found in string");
}

#[test]
fn an_error_that_is_its_own_source_has_an_end() {
    let failure = Failure::from(Endless);
    assert_eq!(failure.chain().count(), 64);
}

#[test]
fn no_texts_at_all_are_an_empty_failure() {
    let failure: Failure = serde_json::from_str("[]").unwrap();
    assert_eq!(failure.to_string(), "");
}
