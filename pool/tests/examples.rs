//! The examples, by what they print.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The built example. Cargo builds the examples along with the tests, next to them; only when a
/// single test is asked for they may have to be built.
fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("this program has a path");
    let profile = test.ancestors().nth(2).expect("it lies in target/PROFILE/deps");
    let example = profile.join("examples").join(name);
    if !example.exists() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "pool", "--example", name]);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        let built = cargo.status().expect("cargo runs");
        assert!(built.success(), "the example {name} cannot be built");
    }
    example
}

fn run(name: &str, arguments: &[&str]) -> Output {
    Command::new(example(name)).args(arguments).output().expect("the example runs")
}

/// What the example prints, with `…` for every number that has a fraction: times.
fn lines(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).expect("it prints text");
    let is_time = |word: &str| word.contains('.') && word.parse::<f64>().is_ok();
    let word = |word| if is_time(word) { "…" } else { word };
    text.lines().map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" ")).collect()
}

fn is_refused(name: &str, arguments: &[&str], says: &str) {
    let output = run(name, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    let text = String::from_utf8(output.stderr).expect("it prints text");
    assert!(text.contains(says) && text.contains(&format!("usage: {name} [")), "{text}");
}

#[test]
fn primes_counts_the_same_in_every_way() {
    let lines = lines(&run("primes", &["200000"]));
    let workers = proc_spawn::cpu_count();
    let expected = [
        &format!("counting the primes below 200000 by trial division, {workers} workers at a time"),
        "sequential   17984 primes in … s",
        "ThreadPool   17984 primes in … s, … times as fast",
        "ProcessPool  17984 primes in … s, … times as fast",
        "all agree",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn primes_knows_the_smallest_numbers() {
    for (n, primes) in [("0", 0), ("1", 0), ("2", 0), ("3", 1), ("10", 4), ("26", 9)] {
        let lines = lines(&run("primes", &[n]));
        assert_eq!(lines[3], format!("ProcessPool  {primes} primes in … s, … times as fast"));
        assert_eq!(lines[4], "all agree");
    }
}

#[test]
fn primes_refuses_nonsense() {
    is_refused("primes", &["many"], "`many` is no such number");
    is_refused("primes", &["-1"], "`-1` is no such number");
    is_refused("primes", &["1e6"], "`1e6` is no such number");
    is_refused("primes", &[""], "`` is no such number");
    is_refused("primes", &["1", "2"], "one argument at most, not 2");
}

#[test]
fn fetch_gets_every_page_in_every_way() {
    let expected = [
        "fetching 32 pages, 50 ms each, with 8 workers at a time",
        "sequential   32 pages in … s",
        "ThreadPool   32 pages in … s",
        "ProcessPool  32 pages in … s",
        "all got the same pages",
    ];
    assert_eq!(lines(&run("fetch", &[])), expected);
}

#[test]
fn fetch_refuses_nonsense() {
    is_refused("fetch", &["all"], "`all` is no such number");
    is_refused("fetch", &["0"], "nothing to fetch");
    is_refused("fetch", &["1", "2", "3"], "one argument at most, not 3");
}
