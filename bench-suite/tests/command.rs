//! What the suite does with what it is told, and when it is killed.

mod suite;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use suite::{WATCHDOG, python_is_here, read, run};

#[test]
fn only_what_was_asked_for_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let run = run(&["--only", "worker", "--only", "counter", "--peers", "none", "--out", out]);
    assert!(run.status.success(), "{}", run.stderr);

    let report = read(&folder.path().join("results.json"));
    let families: BTreeMap<&str, Vec<&str>> = report["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| {
            let rows = table["rows"].as_array().unwrap();
            let families = rows.iter().map(|row| row["family"].as_str().unwrap());
            (table["name"].as_str().unwrap(), families.collect())
        })
        .collect();
    assert_eq!(
        families,
        BTreeMap::from([("counter", vec!["ours"; 3]), ("worker", vec!["ours"; 2])])
    );
}

#[test]
fn a_python_that_is_not_installed_is_a_line_that_says_so() {
    let nowhere = ["--only", "isolation", "--peers", "python", "--python", "/nowhere/python3"];
    let run = run(&nowhere);
    assert!(run.status.success(), "{}", run.stderr);
    let missing =
        run.stdout.lines().filter(|line| line.contains("missing: there is no /nowhere/python3"));
    assert_eq!(missing.count(), 3, "{}", run.stdout);
}

#[test]
fn what_cannot_be_done_is_refused_at_once() {
    let unknown = run(&["--only", "nonsense"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(unknown.stderr.contains("producer_consumer"), "{}", unknown.stderr);

    let no_folder = run(&["--only", "primes", "--out", "/dev/null/results"]);
    assert_eq!(no_folder.status.code(), Some(1));
    assert!(no_folder.stderr.contains("/dev/null/results"), "{}", no_folder.stderr);
    assert_eq!(no_folder.stdout, "");
}

#[test]
fn a_killed_suite_leaves_neither_processes_nor_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut suite = Command::new(env!("CARGO_BIN_EXE_bench-suite"))
        .args(["--quick", "--tiny", "--only", "producer_consumer"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(suite.stderr.take().unwrap());
    let in_a_round = stderr.lines().any(|line| line.unwrap().contains("round 1"));
    suite.kill().unwrap();
    suite.wait().unwrap();
    assert!(in_a_round);

    let start = Instant::now();
    loop {
        let processes = processes_with(folder.path());
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        if processes.is_empty() && (files == 0 || !python_is_here()) {
            break;
        }
        assert!(
            start.elapsed() < WATCHDOG,
            "{files} files and the processes {processes:?} are left"
        );
        // sleep: nothing tells when the children of another process have ended
        thread::sleep(Duration::from_millis(20));
    }
}

/// The processes that have this folder in their environment.
fn processes_with(folder: &Path) -> Vec<String> {
    let folder = folder.as_os_str().as_encoded_bytes();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let named = processes.filter(|process| {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        environment.windows(folder.len()).any(|part| part == folder)
    });
    named.map(|process| process.file_name().to_string_lossy().into_owned()).collect()
}
