//! What the suite does with what it is told, and when it is killed; what is left is looked for in `/proc`.
#![cfg(target_os = "linux")]

mod suite;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use suite::{WATCHDOG, finish, finish_within, python_is_here, read, run};

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
        BTreeMap::from([("counter", vec!["ours"; 3]), ("worker", vec!["ours"; 3])])
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

    let nowhere = "/dev/null/nowhere";
    for option in [&["--publish", nowhere][..], &["--save", "base", "--saved", nowhere]] {
        let refused = run(&[&["--only", "primes"], option].concat());
        assert_eq!(refused.status.code(), Some(1));
        assert!(refused.stderr.contains(nowhere), "{}", refused.stderr);
        assert_eq!(refused.stdout, "", "{option:?}");
    }
}

#[test]
fn a_comparison_with_better_results_fails_and_tells_what_is_worse() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().to_str().unwrap();
    let arguments = ["--only", "worker", "--peers", "none", "--saved", saved];
    let compare = |name| run(&[&arguments[..], &["--compare", name]].concat());
    let base = run(&[&arguments[..], &["--save", "base"]].concat());
    assert!(base.status.success(), "{}", base.stderr);
    // Made up: it was a thousand times as fast, or took a thousand times as long.
    for (name, factor) in [("fast", 1e-3), ("slow", 1e3)] {
        let mut report = read(&folder.path().join("base.json"));
        for row in report["tables"][0]["rows"].as_array_mut().unwrap() {
            let figures = ["median", "min", "max"].map(|key| row[key].as_f64().unwrap() * factor);
            for (key, figure) in ["median", "min", "max"].into_iter().zip(figures) {
                row[key] = Value::from(figure);
            }
            row["samples"] = Value::from(figures.to_vec());
        }
        fs::write(folder.path().join(format!("{name}.json")), report.to_string()).unwrap();
    }

    let worse = compare("fast");
    assert_eq!(worse.status.code(), Some(3), "{}", worse.stderr);
    assert!(worse.stderr.contains("worse: worker: proc_spawn::Thread\n"), "{}", worse.stderr);
    assert!(worse.stdout.contains("## Compared with fast"), "{}", worse.stdout);
    let better = compare("slow");
    assert!(better.status.success() && !better.stderr.contains("worse:"), "{}", better.stderr);
    assert_eq!(better.stdout.matches(" better |").count(), 3, "{}", better.stdout);
    let nothing = compare("main");
    assert_eq!(nothing.status.code(), Some(1));
    assert!(nothing.stderr.contains("kept are: base, fast, slow"), "{}", nothing.stderr);
    assert_eq!(nothing.stdout, "");
}

#[test]
fn what_hangs_in_a_test_is_killed_with_what_it_has_started() {
    let folder = tempfile::tempdir().unwrap();
    let mut hangs = Command::new("sh");
    hangs.args(["-c", "sleep 1000 & sleep 1000"]).env("TMPDIR", folder.path());
    let hung = finish_within(Duration::from_millis(50), &mut hangs).err().unwrap();
    assert!(hung.contains("sleep 1000"), "{hung}");
    nothing_is_left_in(folder.path());
}

#[test]
fn a_suite_killed_in_a_round_leaves_neither_processes_nor_files() {
    let folder = tempfile::tempdir().unwrap();
    kill_when("round 1", &["--only", "producer_consumer"], folder.path());
    nothing_is_left_in(folder.path());
}

#[test]
fn a_suite_killed_while_it_has_no_runner_leaves_neither_processes_nor_files() {
    let folder = tempfile::tempdir().unwrap();
    // Its output takes nothing more, so it does not come to its first runner.
    let (mut full, _unread) = UnixStream::pair().unwrap();
    full.set_nonblocking(true).unwrap();
    while full.write(&[0]).is_ok() {}
    full.set_nonblocking(false).unwrap();
    let mut suite = Command::new(env!("CARGO_BIN_EXE_bench-suite"))
        .args(["--quick", "--tiny", "--only", "worker"])
        .env("TMPDIR", folder.path())
        .stdout(OwnedFd::from(full))
        .spawn()
        .unwrap();
    let start = Instant::now();
    while fs::read_dir(folder.path()).unwrap().count() == 0 && start.elapsed() < WATCHDOG {
        // sleep: nothing tells when another process has made a file
        thread::sleep(Duration::from_millis(20));
    }
    suite.kill().unwrap();
    suite.wait().unwrap();
    assert!(start.elapsed() < WATCHDOG);
    nothing_is_left_in(folder.path());
}

#[test]
fn a_suite_killed_while_a_peer_hangs_leaves_neither_processes_nor_files() {
    if !python_is_here() {
        println!("skipped: there is no Python");
        return;
    }
    let files = tempfile::tempdir().unwrap();
    let python = python_that(files.path(), HANGS);
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--only", "isolation", "--peers", "python", "--python", &python];
    kill_when("in a round that hangs", &arguments, folder.path());
    nothing_is_left_in(folder.path());
}

/// A Python in which every contender starts a process in its round, with a file, and hangs as that does.
const HANGS: &str = r#"#!/usr/bin/env python3
import multiprocessing, os, signal, sys, tempfile
sys.path.insert(0, os.path.dirname(sys.argv[1]))
sys.argv = sys.argv[1:]
from runner import serve

def hang(task):
    def do_round(amount):
        tempfile.mkdtemp()
        multiprocessing.get_context("fork").Process(target=signal.pause).start()
        print("in a round that hangs", file=sys.stderr, flush=True)
        signal.pause()
    return do_round

serve({sys.argv[1]: hang})
"#;

#[test]
fn a_runner_that_hangs_ends_with_the_suite_and_takes_its_files_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = folder.path().join("scratch");
    fs::create_dir(&scratch).unwrap();
    // It answers nobody.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let pages = format!("http://{}", server.local_addr().unwrap());
    let task = format!(r#"{{"workers": 1, "pages": "{pages}", "point": 1}}"#);
    let mut runner = Command::new(env!("CARGO_BIN_EXE_bench-suite"))
        .args(["--as-runner", "fetch", "sequential", &task])
        .env("BENCH_SUITE_SCRATCH", &scratch)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut requests = runner.stdin.take().unwrap();
    requests.write_all(b"{\"amount\": 1}\n").unwrap();
    let (asked, is_asked) = mpsc::channel();
    thread::spawn(move || asked.send(server.accept().unwrap()));
    let connection = is_asked.recv_timeout(WATCHDOG);

    drop(requests);
    let (ended, has_ended) = mpsc::channel();
    let mut stdout = runner.stdout.take().unwrap();
    thread::spawn(move || ended.send(stdout.read_to_end(&mut Vec::new())));
    let ended = has_ended.recv_timeout(WATCHDOG);
    runner.kill().unwrap();
    assert_eq!(runner.wait().unwrap().signal(), Some(9));
    assert!(connection.is_ok() && ended.is_ok());
    assert!(!scratch.exists());
}

#[test]
fn a_peer_whose_own_pipe_breaks_in_a_round_has_died_of_that() {
    if !python_is_here() {
        println!("skipped: there is no Python");
        return;
    }
    let files = tempfile::tempdir().unwrap();
    let python = python_that(files.path(), BREAKS);
    let run = run(&["--only", "isolation", "--peers", "python", "--python", &python]);
    let died = run.stdout.lines().filter(|line| line.contains("**died**"));
    let died = died.filter(|line| line.contains("BrokenPipeError: its own"));
    assert_eq!(died.count(), 3, "{}\n{}", run.stdout, run.stderr);
}

/// A Python in which the round of every contender writes where nobody reads.
const BREAKS: &str = r#"#!/usr/bin/env python3
import os, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
sys.argv = sys.argv[1:]
from runner import serve

def fail(task):
    def do_round(amount):
        raise BrokenPipeError("its own")
    return do_round

serve({sys.argv[1]: fail})
"#;

#[test]
fn a_file_made_while_the_files_are_removed_is_removed_with_them() {
    if !python_is_here() {
        println!("skipped: there is no Python");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let scratch = folder.path().join("scratch");
    let peers = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/python");
    let run = finish(Command::new("python3").args(["-c", LATE, peers]).arg(&scratch));
    assert!(run.status.success(), "{}", run.stderr);
    assert!(!scratch.exists());
}

/// Removes a folder of two, in which another runner makes a file and takes one away meanwhile.
const LATE: &str = r"
import os, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from runner import remove
folder = sys.argv[2]
os.makedirs(os.path.join(folder, 'inner'))
open(os.path.join(folder, 'gone'), 'w').close()
rmdir, unlink = os.rmdir, os.unlink

def slow_rmdir(path, **options):
    os.rmdir = rmdir
    open(os.path.join(folder, 'inner', 'late'), 'w').close()
    rmdir(path, **options)

def slow_unlink(path, **options):
    os.unlink = unlink
    unlink(path, **options)
    unlink(path, **options)

os.rmdir, os.unlink = slow_rmdir, slow_unlink
remove(folder)
";

/// The path of a program in that folder which is this script.
fn python_that(folder: &Path, script: &str) -> String {
    let python = folder.join("python");
    fs::write(&python, script).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    python.into_os_string().into_string().unwrap()
}

/// Starts the suite with its files in that folder, and kills it when it says this.
fn kill_when(said: &str, arguments: &[&str], folder: &Path) {
    let mut suite = Command::new(env!("CARGO_BIN_EXE_bench-suite"))
        .args(["--quick", "--tiny"])
        .args(arguments)
        .env("TMPDIR", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(suite.stderr.take().unwrap());
    let (heard, is_heard) = mpsc::channel();
    let awaited = said.to_owned();
    thread::spawn(move || {
        let mut lines = stderr.lines().map_while(Result::ok);
        heard.send(lines.any(|line| line.contains(&awaited)))
    });
    let is_said = is_heard.recv_timeout(WATCHDOG);
    suite.kill().unwrap();
    suite.wait().unwrap();
    assert_eq!(is_said, Ok(true), "{said:?}");
}

fn nothing_is_left_in(folder: &Path) {
    let start = Instant::now();
    loop {
        let processes = processes_with(folder);
        let files = fs::read_dir(folder).unwrap().count();
        if processes.is_empty() && files == 0 {
            break;
        }
        if start.elapsed() > WATCHDOG {
            let killed = Command::new("kill").arg("-9").args(&processes).status();
            panic!("{files} files and the processes {processes:?} are left; killed: {killed:?}");
        }
        // sleep: nothing tells when the children of another process have ended
        thread::sleep(Duration::from_millis(20));
    }
}

/// The processes that have this folder in their environment.
fn processes_with(folder: &Path) -> Vec<String> {
    let folder = folder.as_os_str().as_encoded_bytes();
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let named = processes.filter(|process| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        environment.windows(folder.len()).any(|part| part == folder)
    });
    named.map(|process| process.file_name().to_string_lossy().into_owned()).collect()
}
