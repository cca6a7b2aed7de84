//! Every table of the suite and all that it has to have.

/// A table.
#[derive(Clone, Copy)]
pub struct Expected {
    pub name: &'static str,
    pub places: Places,
    pub rows: &'static [&'static str],
    /// Rows that stand at some places only.
    pub somewhere: &'static [(&'static str, &'static [&'static str])],
}

/// The places on the axis of a table, by their labels.
#[derive(Clone, Copy)]
pub enum Places {
    /// It has no axis.
    None,
    /// The number of workers: one, as many as there are processors, and twice as many.
    Workers,
    These(&'static [&'static str]),
}

/// Tables that are measured in one run.
pub type Tables = &'static [Expected];

const ONE: &str = "1 to 1";
const TO_ONE: &str = "4 to 1";
const FROM_ONE: &str = "1 to 4";
const MANY: &str = "4 to 4";
pub const EVENT: &str = "event, both ways";
pub const CONDITION: &str = "condition, both ways";
pub const BARRIER: &str = "barrier of two";

/// Threads against processes.
pub const WORKERS: Tables = &[
    Expected {
        name: "worker",
        places: Places::None,
        rows: &[
            "thread",
            "process",
            "process_forkserver",
            "std_thread",
            "std_process",
            "python_thread",
            "python_fork",
            "python_forkserver",
            "python_spawn",
        ],
        somewhere: &[],
    },
    Expected {
        name: "memory",
        places: Places::None,
        rows: &[
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
        somewhere: &[],
    },
    Expected {
        name: "isolation",
        places: Places::None,
        rows: &[
            "threads_share",
            "processes_share_not",
            "thread_crashes",
            "process_crashes",
            "python_threads_share",
            "python_processes_share_not",
            "python_process_crashes",
        ],
        somewhere: &[],
    },
    Expected {
        name: "primes",
        places: Places::Workers,
        rows: &[
            "sequential",
            "thread_pool",
            "process_pool",
            "std_threads",
            "rayon",
            "python_sequential",
            "python_threading",
            "python_pool",
        ],
        somewhere: &[("sequential", &["1"]), ("python_sequential", &["1"])],
    },
    Expected {
        name: "fetch",
        places: Places::These(&["1", "4"]),
        rows: &[
            "sequential",
            "thread_pool",
            "process_pool",
            "std_threads",
            "rayon",
            "python_sequential",
            "python_thread_pool",
            "python_pool",
        ],
        somewhere: &[
            ("sequential", &["1"]),
            ("thread_pool", &["4"]),
            ("process_pool", &["4"]),
            ("std_threads", &["4"]),
            ("rayon", &["4"]),
            ("python_sequential", &["1"]),
            ("python_thread_pool", &["4"]),
            ("python_pool", &["4"]),
        ],
    },
];

/// The ways from one to another.
pub const WAYS: Tables = &[
    Expected {
        name: "round_trip",
        places: Places::None,
        rows: &[
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
        somewhere: &[],
    },
    Expected {
        name: "throughput",
        places: Places::These(&["64 B", "64 KiB"]),
        rows: &[
            "memcpy",
            "pipe",
            "channel",
            "queue",
            "array",
            "os_pipe",
            "unix_socket",
            "ipc_channel",
            "iceoryx2",
            "crossbeam",
            "python_pipe_bytes",
            "python_queue_bytes",
        ],
        somewhere: &[],
    },
    Expected {
        name: "participants",
        places: Places::These(&[ONE, "both ways", TO_ONE, FROM_ONE, MANY]),
        rows: &[
            "queue",
            "pipe",
            "unix_socket",
            "ipc_channel",
            "crossbeam",
            "std_mpsc",
            "python_pipe_pair",
            "python_queue_crowd",
        ],
        somewhere: &[
            ("queue", &[ONE, TO_ONE, FROM_ONE, MANY]),
            ("pipe", &[ONE, "both ways"]),
            ("unix_socket", &[ONE, "both ways"]),
            ("ipc_channel", &[ONE, TO_ONE]),
            ("crossbeam", &[ONE, TO_ONE, FROM_ONE, MANY]),
            ("std_mpsc", &[ONE, TO_ONE]),
            ("python_pipe_pair", &[ONE, "both ways"]),
            ("python_queue_crowd", &[ONE, TO_ONE, FROM_ONE, MANY]),
        ],
    },
    Expected {
        name: "large_array",
        places: Places::These(&["64 KiB"]),
        rows: &[
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
        somewhere: &[],
    },
    Expected {
        name: "producer_consumer",
        places: Places::None,
        rows: &[
            "queue_processes",
            "queue_threads",
            "ipc_channel",
            "unix_socket",
            "std_mpsc",
            "crossbeam_channel",
            "python_mp_queue",
            "python_queue",
        ],
        somewhere: &[],
    },
];

/// The primitives.
pub const PRIMITIVES: Tables = &[
    Expected {
        name: "primitives",
        places: Places::These(&[
            "lock",
            "read lock",
            "write lock",
            "semaphore",
            EVENT,
            CONDITION,
            BARRIER,
        ]),
        rows: &[
            "threads",
            "processes",
            "std",
            "parking_lot",
            "pthread",
            "futex",
            "python_threading",
            "python_multiprocessing",
        ],
        somewhere: &[
            ("std", &["lock", "read lock", "write lock", CONDITION, BARRIER]),
            ("parking_lot", &["lock", "read lock", "write lock", CONDITION]),
            ("pthread", &["lock"]),
            ("futex", &[EVENT]),
            ("python_threading", &["lock", "semaphore", EVENT, CONDITION, BARRIER]),
            ("python_multiprocessing", &["lock", "semaphore", EVENT, CONDITION, BARRIER]),
        ],
    },
    Expected {
        name: "counter",
        places: Places::None,
        rows: &[
            "shared_lock",
            "shared_lock_threads",
            "thread_lock",
            "std_mutex",
            "parking_lot",
            "pthread",
            "python_value",
            "python_threading_lock",
        ],
        somewhere: &[],
    },
];

/// Pools.
pub const POOLS: Tables = &[Expected {
    name: "task_length",
    places: Places::These(&["nothing", "100 µs"]),
    rows: &[
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
    somewhere: &[],
}];

/// Deaths.
pub const DEATHS: Tables = &[Expected {
    name: "recovery",
    places: Places::None,
    rows: &[
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
    somewhere: &[],
}];
