//! The examples, by what they print.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::process::Command;

/// The built example, which lies next to the tests.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this program has a path");
    let profile = test.ancestors().nth(2).expect("it lies in target/PROFILE/deps");
    let example = profile.join("examples").join(name);
    if !example.exists() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "ipc", "--example", name]);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo runs").success(), "{name} cannot be built");
    }
    example
}

fn output_of(name: &str) -> String {
    let output = Command::new(example(name)).output().expect("the example runs");
    assert!(output.status.success(), "{}: {output:?}", output.status);
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn counter_loses_no_addition() {
    assert_eq!(output_of("counter"), "4 processes added 100000 each: 400000\n");
}

#[test]
fn producer_consumer_hands_every_item_over() {
    let lines = [
        "until a sentinel: 1000 items, their sum is 500500",
        "until the queue is closed: 1000 items, their sum is 500500",
    ];
    assert_eq!(output_of("producer_consumer"), lines.map(|line| format!("{line}\n")).concat());
}
