//! Every table of the suite, with next to no work.

mod suite;

use std::collections::BTreeSet;

use serde_json::Value;

use suite::{python_is_here, read, run};

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
