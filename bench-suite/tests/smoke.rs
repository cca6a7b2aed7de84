//! The whole suite, with next to no work.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Far longer than any run of these takes.
const WATCHDOG: Duration = Duration::from_secs(110);

/// Tables, and every row that each has to have. Those whose name has `python` in it may be missing.
type Rows = &'static [(&'static str, &'static [&'static str])];

/// Threads against processes.
const WORKERS: Rows = &[
    (
        "worker",
        &[
            "thread",
            "process",
            "std_thread",
            "std_process",
            "python_thread",
            "python_fork",
            "python_forkserver",
            "python_spawn",
        ],
    ),
    (
        "memory",
        &[
            "thread",
            "process",
            "process_forkserver",
            "thread_pool",
            "process_pool",
            "std_thread",
            "std_process",
            "procspawn",
            "python_thread",
            "python_fork",
            "python_forkserver",
            "python_spawn",
        ],
    ),
    (
        "isolation",
        &[
            "threads_share",
            "processes_share_not",
            "thread_crashes",
            "process_crashes",
            "python_threads_share",
            "python_processes_share_not",
            "python_process_crashes",
        ],
    ),
    (
        "primes",
        &[
            "sequential",
            "thread_pool",
            "process_pool",
            "std_threads",
            "rayon",
            "python_sequential",
            "python_threading",
            "python_pool",
        ],
    ),
    (
        "fetch",
        &[
            "sequential",
            "thread_pool",
            "process_pool",
            "std_threads",
            "rayon",
            "python_sequential",
            "python_thread_pool",
            "python_pool",
        ],
    ),
];

/// The ways from one to another.
const WAYS: Rows = &[
    (
        "round_trip",
        &[
            "pipe",
            "channel",
            "queue",
            "array",
            "os_pipe",
            "unix_socket",
            "ipc_channel",
            "crossbeam",
            "python_pipe",
            "python_queue",
        ],
    ),
    (
        "throughput",
        &[
            "memcpy",
            "pipe",
            "channel",
            "queue",
            "array",
            "os_pipe",
            "unix_socket",
            "ipc_channel",
            "crossbeam",
            "python_pipe_bytes",
            "python_queue_bytes",
        ],
    ),
    (
        "participants",
        &[
            "queue",
            "pipe",
            "unix_socket",
            "ipc_channel",
            "crossbeam",
            "std_mpsc",
            "python_pipe_pair",
            "python_queue_crowd",
        ],
    ),
    (
        "large_array",
        &[
            "shared",
            "owned",
            "pipe",
            "queue",
            "unix_socket",
            "ipc_channel",
            "threads",
            "python_shared_memory",
            "python_pipe",
            "python_queue",
        ],
    ),
    (
        "producer_consumer",
        &[
            "queue_processes",
            "queue_threads",
            "ipc_channel",
            "unix_socket",
            "std_mpsc",
            "crossbeam_channel",
            "python_mp_queue",
            "python_queue",
        ],
    ),
];

/// The primitives.
const PRIMITIVES: Rows = &[
    (
        "primitives",
        &[
            "threads",
            "processes",
            "std",
            "parking_lot",
            "pthread",
            "futex",
            "python_threading",
            "python_multiprocessing",
        ],
    ),
    (
        "counter",
        &[
            "shared_lock",
            "shared_lock_threads",
            "thread_lock",
            "std_mutex",
            "parking_lot",
            "pthread",
            "python_value",
            "python_threading_lock",
        ],
    ),
];

/// Pools.
const POOLS: Rows = &[(
    "task_length",
    &[
        "sequential",
        "thread_pool",
        "process_pool",
        "process_pool_chunks",
        "rayon",
        "threadpool",
        "procspawn",
        "python_sequential",
        "python_pool",
        "python_pool_chunks",
        "python_executor",
        "python_thread_executor",
        "python_loky",
    ],
)];

/// Deaths.
const DEATHS: Rows = &[(
    "recovery",
    &[
        "worker",
        "holder",
        "permit_holder",
        "last_sender",
        "sender",
        "procspawn_worker",
        "ipc_channel_last_sender",
        "ipc_channel_sender",
        "unix_socket",
        "python_pool_worker",
        "python_executor_worker",
        "python_loky_worker",
        "python_lock_holder",
        "python_pipe_end",
        "python_queue_last_sender",
        "python_queue_sender",
    ],
)];

struct Run {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

/// Runs the suite; kills it if it takes far too long.
fn run(arguments: &[&str]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bench-suite"))
        .args(["--quick", "--tiny"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    let output = (stdout.recv_timeout(WATCHDOG), stderr.recv_timeout(WATCHDOG));
    let (Ok(stdout), Ok(stderr)) = output else {
        child.kill().unwrap();
        panic!("the suite hung: {output:?}");
    };
    Run { status: child.wait().unwrap(), stdout, stderr }
}

fn collect(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        sender.send(text)
    });
    receiver
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn python_is_here() -> bool {
    let python = Command::new("python3").arg("--version").output();
    python.is_ok_and(|output| output.status.success())
}

#[test]
fn threads_against_processes_has_every_row_with_plausible_figures() {
    every_row_is_plausible(WORKERS);
}

#[test]
fn every_way_from_one_to_another_has_plausible_figures() {
    every_row_is_plausible(WAYS);
}

#[test]
fn every_primitive_has_plausible_figures() {
    every_row_is_plausible(PRIMITIVES);
}

#[test]
fn every_pool_has_plausible_figures() {
    every_row_is_plausible(POOLS);
}

#[test]
fn every_death_has_plausible_figures_or_is_known_to_hang() {
    every_row_is_plausible(DEATHS);
}

#[test]
fn no_table_is_left_out_of_these_tests() {
    let told = run(&["--only", "nonsense"]).stderr;
    let (_, names) = told.split_once("[possible values: ").unwrap();
    let (names, _) = names.split_once(']').unwrap();
    let tables = [WORKERS, WAYS, PRIMITIVES, POOLS, DEATHS].concat();
    let tables: Vec<&str> = tables.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.split(", ").collect::<Vec<_>>(), tables);
}

fn every_row_is_plausible(expected: Rows) {
    let folder = tempfile::tempdir().unwrap();
    let published = folder.path().join("RESULTS.md");
    let [out, publish] = [folder.path(), &published].map(|path| path.to_str().unwrap());
    let only = expected.iter().flat_map(|(name, _)| ["--only", name]);
    let arguments: Vec<_> = only.chain(["--out", out, "--publish", publish]).collect();
    let run = run(&arguments);
    assert!(run.status.success(), "{}\n{}", run.stderr, run.stdout);

    let report = read(&folder.path().join("results.json"));
    assert_eq!(report["schema"]["version"], 2);
    assert!(report["machine"]["processors"].as_u64() > Some(0), "{report}");
    let tables: Vec<&Value> = report["tables"].as_array().unwrap().iter().collect();
    assert_eq!(tables.len(), expected.len());
    let python_is_here = python_is_here();
    for (table, (name, ids)) in tables.iter().zip(expected) {
        assert_eq!(table["name"], *name);
        let rows = table["rows"].as_array().unwrap();
        let found: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(found, ids.iter().copied().collect(), "{name}");
        assert_eq!(table["axis"].is_null(), rows[0]["point"].is_null(), "{name}");
        for row in rows {
            let id = row["id"].as_str().unwrap();
            let is_loky = id.contains("loky");
            let may_be_missing = row["family"] == "python" && !python_is_here;
            let expected = match *name {
                _ if may_be_missing => "missing",
                // It is not of Python's own, and most do not have it.
                _ if is_loky && row["status"] == "missing" => "missing",
                // Some peers wait for the dead; ours never do.
                "recovery" if row["family"] != "ours" && row["status"] == "hung" => "hung",
                "isolation" => "seen",
                _ => "measured",
            };
            assert_eq!(row["status"], expected, "{name}: {row}");
            if expected == "measured" {
                assert_plausible(row);
            }
        }
    }

    let written = std::fs::read_to_string(folder.path().join("report.md")).unwrap();
    assert_eq!(written, run.stdout);
    let published = std::fs::read_to_string(&published).unwrap();
    let command = published.strip_prefix(&*written).unwrap();
    let typed = format!("`cargo xtask bench --quick -- --tiny {}`", arguments.join(" "));
    assert!(command.contains(&typed), "{typed} in {command}");
    let labels = tables.iter().flat_map(|table| table["rows"].as_array().unwrap());
    for label in labels.map(|row| row["label"].as_str().unwrap()) {
        assert!(written.contains(&format!("| {label} ")), "{label}");
    }
}

fn assert_plausible(row: &Value) {
    let [median, min, max] = ["median", "min", "max"].map(|key| row[key].as_f64().unwrap());
    assert!(0.0 < min && min <= median && median <= max && max.is_finite(), "{row}");
    assert_eq!(row["samples"].as_array().unwrap().len(), 2, "{row}");
    assert!(row["amount"].as_u64() > Some(0), "{row}");
    let speed_up = &row["speed_up"];
    assert!(speed_up.is_null() || speed_up["factor"].as_f64() > Some(0.0), "{row}");
}

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
