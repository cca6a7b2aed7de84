//! The examples, by what they print.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The built example. Cargo builds the examples along with the tests, next to them; only when a
/// single test is asked for they may have to be built.
fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("this program has a path");
    let profile = test.ancestors().nth(2).expect("it lies in target/PROFILE/deps");
    let example = profile.join("examples").join(name);
    if !example.exists() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "proc-spawn", "--example", name]);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        let built = cargo.status().expect("cargo runs");
        assert!(built.success(), "the example {name} cannot be built");
    }
    example
}

fn output_of(name: &str) -> String {
    let output = Command::new(example(name)).output().expect("the example runs");
    assert!(output.status.success(), "{}: {output:?}", output.status);
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn isolation_shows_what_is_shared_and_what_is_not() {
    let lines = [
        r#"threads appended to the list of their process: ["Ada", "Barbara", "Grace"]"#,
        "processes appended to lists of their own, which have lengths [1, 1, 1]",
        "the list of their parent: []",
        "a child wrote to nowhere: the process was killed by signal 11 (SIGSEGV)",
        "its parent carries on",
    ];
    let output = output_of("isolation").replace(", core dumped", "");
    assert_eq!(output, lines.map(|line| format!("{line}\n")).concat());
}

#[test]
fn worker_counts_the_same_on_a_thread_and_on_a_process() {
    let lines = [
        "started Thread-1",
        "a thread of MainProcess counted [('e', 7), ('o', 6), ('t', 5)]",
        "started Process-1",
        "the process Process-1 counted [('e', 7), ('o', 6), ('t', 5)]",
        "both agree",
    ];
    assert_eq!(output_of("worker"), lines.map(|line| format!("{line}\n")).concat());
}
