//! The README names a test for every row of Python's semantics, and each of them exists.

use std::fs;
use std::path::Path;

const README: &str = include_str!("../README.md");

/// What stands in the table: the row's number, and each test with its file.
fn rows() -> Vec<(u32, Vec<(String, String)>)> {
    let rows = README.lines().filter_map(|line| {
        let (number, rest) = line.strip_prefix("| S")?.split_once(' ')?;
        let tests = rest.split("[`").skip(1).filter_map(|link| {
            let (test, file) = link.split_once("`](")?;
            Some((test.to_owned(), file.split_once(')')?.0.to_owned()))
        });
        Some((number.parse().ok()?, tests.collect()))
    });
    rows.collect()
}

#[test]
fn every_row_that_is_kept_is_in_the_table() {
    let numbers: Vec<u32> = rows().into_iter().map(|(number, _)| number).collect();
    // The others are std's: threads, and wrappers of iterators.
    let kept: Vec<u32> = (1..=29).chain([31]).collect();
    assert_eq!(numbers, kept);
}

#[test]
fn every_test_that_is_named_exists() {
    for (number, tests) in rows() {
        // Queues are another crate's.
        assert!(!tests.is_empty() || number == 29, "S{number} has no test");
        for (test, file) in tests {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
            let code = fs::read_to_string(&path).unwrap_or_default();
            let found =
                code.contains(&format!("fn {test}(")) || code.contains(&format!("fn {test}<"));
            assert!(found, "S{number}: {file} has no test {test}");
        }
    }
}
