//! The decisions.

use std::time::Duration;

use crate::advice::evidence::Line;
use crate::advice::needs::{Needs, Sharing};

/// From here on a copy of the payload takes longer than handing over a handle to it.
const LARGE: u64 = 1 << 20;
/// A task that computes less than this share of its time waits.
const WAITS: f64 = 0.2;
/// A task is worth its way to another process if it takes this many times as long as that.
const WORTH: f64 = 10.0;
/// More threads than this that wait are better tasks of an asynchronous runtime.
const MOST_WAITING: usize = 200;

/// What runs the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workers {
    Threads,
    Processes,
    /// Processes with threads in each.
    Both,
}

/// One thing to do, why, and the lines of the report that say so.
#[derive(Debug, PartialEq)]
pub(crate) struct Decision {
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) lines: Vec<Line>,
}

/// The whole answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Advice {
    pub(crate) workers: Workers,
    pub(crate) decisions: Vec<Decision>,
}

/// What is known of the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) processors: usize,
    /// What it costs to send a task to another process and its result back, if it was measured.
    pub(crate) exchange: Option<Duration>,
}

/// Goes down the tree.
pub(crate) fn advise(needs: &Needs, known: Known) -> Advice {
    let workers = workers(needs);
    let mut decisions = vec![who(needs, workers), how_many(needs, known)];
    decisions.extend(chunks(needs, workers, known));
    decisions.extend((workers != Workers::Threads).then(|| start(needs)));
    decisions.push(payload(needs, workers));
    decisions.extend(sharing(needs, workers));
    decisions.extend(messages(needs, workers));
    decisions.extend(machines(needs));
    Advice { workers, decisions }
}

fn workers(needs: &Needs) -> Workers {
    match needs.isolation || needs.memory_limit {
        false => Workers::Threads,
        true if needs.cpu < WAITS => Workers::Both,
        true => Workers::Processes,
    }
}

fn decision(what: impl Into<String>, why: impl Into<String>, lines: &[Line]) -> Decision {
    Decision { what: what.into(), why: why.into(), lines: lines.to_vec() }
}

fn who(needs: &Needs, workers: Workers) -> Decision {
    let isolated = Line("isolation", "process_crashes");
    match workers {
        Workers::Threads if needs.cpu < WAITS => decision(
            "Threads: `pool::ThreadPool`",
            "The tasks wait, and while one waits another one runs; nothing asks for walls between them.",
            &[
                Line("fetch", "sequential"),
                Line("fetch", "thread_pool"),
                Line("fetch", "process_pool"),
            ],
        ),
        Workers::Threads => decision(
            "Threads: `pool::ThreadPool`",
            "Threads of Rust compute on all processors at once, so processes would add their messages \
             and their memory and nothing else.",
            &[
                Line("primes", "sequential"),
                Line("primes", "thread_pool"),
                Line("primes", "process_pool"),
            ],
        ),
        Workers::Processes => decision(
            "Processes: `pool::ProcessPool`",
            reason_for_walls(needs),
            &[isolated, Line("primes", "thread_pool"), Line("primes", "process_pool")],
        ),
        Workers::Both => decision(
            "Both: a few processes (`pool::ProcessPool`), and threads in each (`pool::ThreadPool` in a task)",
            format!(
                "{} But the tasks wait most of the time, and a thread that waits costs less than a process.",
                reason_for_walls(needs)
            ),
            &[isolated, Line("fetch", "thread_pool"), Line("fetch", "process_pool")],
        ),
    }
}

fn reason_for_walls(needs: &Needs) -> &'static str {
    match (needs.isolation, needs.memory_limit) {
        (true, false) => {
            "Only a process can crash or be killed alone, and has its memory for itself."
        }
        (false, _) => {
            "Only a process has a limit of memory of its own (`memory_limit` of the builder)."
        }
        (true, true) => {
            "Only a process can crash or be killed alone, and has a limit of memory of its own."
        }
    }
}

fn how_many(needs: &Needs, known: Known) -> Decision {
    if needs.cpu >= 1.0 - WAITS {
        let what = format!("{} workers, one for each processor", known.processors);
        return decision(what, "The tasks compute, and more of them would only take turns.", &[]);
    }
    // As many as keep all processors busy while the others wait.
    let busy = known.processors as f64 / needs.cpu.max(0.01);
    let count = (busy.ceil() as usize).clamp(known.processors, known.processors.max(MOST_WAITING));
    let why = format!(
        "{} processors are kept busy by as many tasks that compute for {:.0} % of their time.",
        known.processors,
        needs.cpu * 100.0
    );
    decision(format!("About {count} workers"), why, &[])
}

fn chunks(needs: &Needs, workers: Workers, known: Known) -> Option<Decision> {
    let exchange = known.exchange?;
    let worth = exchange.mul_f64(WORTH);
    if workers == Workers::Threads || needs.task >= worth {
        return None;
    }
    let task = needs.task.as_secs_f64().max(1e-9);
    let chunk = (worth.as_secs_f64() / task).ceil();
    Some(decision(
        format!("Chunks of {chunk:.0} tasks or more (`chunk_size`; the default may do)"),
        format!(
            "A task of {:?} is less than {WORTH} times its way to another process and back, about {exchange:?} here.",
            needs.task
        ),
        &[Line("producer_consumer", "queue_processes"), Line("producer_consumer", "queue_threads")],
    ))
}

fn start(needs: &Needs) -> Decision {
    let lines =
        [Line("worker", "process"), Line("worker", "process_forkserver"), Line("worker", "thread")];
    if needs.isolation && needs.task < Duration::from_millis(100) {
        return decision(
            "Start method `ForkServer`",
            "Workers that die are replaced, and for short tasks the start counts.",
            &lines,
        );
    }
    let why = "A pool's workers live long, so their start does not count, and a new image has nothing of the parent's in it.";
    decision("Start method `Spawn`", why, &lines)
}

fn payload(needs: &Needs, workers: Workers) -> Decision {
    match workers {
        Workers::Threads => decision(
            "Arguments and results as they are",
            "Between threads a value is moved, whatever its size.",
            &[Line("producer_consumer", "queue_threads"), Line("producer_consumer", "std_mpsc")],
        ),
        _ if needs.payload >= LARGE => decision(
            "Large arguments and results as `ipc::Owned<[T]>`, or `Shared<[T]>` where many read them",
            "Their memory is handed over and not copied; only a handle is sent.",
            &[Line("producer_consumer", "queue_processes")],
        ),
        _ => decision(
            "Arguments and results as serde values",
            "They are copied once, which takes less time than to set up memory to share.",
            &[
                Line("producer_consumer", "queue_processes"),
                Line("producer_consumer", "unix_socket"),
            ],
        ),
    }
}

fn sharing(needs: &Needs, workers: Workers) -> Option<Decision> {
    let threads = workers == Workers::Threads;
    let lines = [
        Line("counter", "thread_lock"),
        Line("counter", "shared_lock_threads"),
        Line("counter", "shared_lock"),
    ];
    let (what, why) = match (needs.sharing, threads) {
        (Sharing::Nothing, _) => return None,
        (Sharing::Values, true) => (
            "Share values as `Arc<sync_prims::thread::Lock<T>>`, or as atomics",
            "They have one memory.",
        ),
        (Sharing::Values, false) => (
            "Share values as `ipc::Value<T>`, or as `ipc::Shared` atomics",
            "They lie in memory that all processes map, and a lock whose holder dies is passed on.",
        ),
        (Sharing::Arrays, true) => ("Share arrays as `Arc<[T]>`", "They have one memory."),
        (Sharing::Arrays, false) => (
            "Share arrays as `ipc::Shared<[T]>`, under a lock as `ipc::Array<T>`",
            "All processes map the same memory, and nothing is copied.",
        ),
        (Sharing::Objects, true) => {
            ("Share objects as `Arc<sync_prims::thread::Lock<T>>`", "They have one memory.")
        }
        (Sharing::Objects, false) => (
            "Share objects through `ipc::Manager`",
            "What has pointers in it cannot lie in shared memory: one process keeps it, and the others ask that one.",
        ),
    };
    Some(decision(what, why, &lines))
}

fn messages(needs: &Needs, workers: Workers) -> Option<Decision> {
    let lines = [
        Line("producer_consumer", "queue_processes"),
        Line("producer_consumer", "ipc_channel"),
        Line("producer_consumer", "crossbeam_channel"),
    ];
    match (needs.participants, workers) {
        (0 | 1, _) => None,
        (_, Workers::Threads) => Some(decision(
            "Messages through a channel of std or crossbeam",
            "Between threads of one process nothing has to be encoded.",
            &lines,
        )),
        (2, _) => Some(decision(
            "Messages through `ipc::pipe`",
            "Two need no lock between them, and each is told when the other is gone.",
            &lines,
        )),
        (..) => Some(decision(
            "Messages through `ipc::Queue`",
            "Any number may put and get, and a death among them loses at most what the dead had taken.",
            &lines,
        )),
    }
}

fn machines(needs: &Needs) -> Option<Decision> {
    (needs.machines > 1).then(|| {
        decision(
            "A broker between the machines, and a pool on each: `pool_nats::ClusterPool`",
            "What is shared here is one machine's memory. `ipc::Listener` and `Client` connect programs on \
             two machines; tasks for many belong to a broker. The package `pool-nats` has the pool's methods over \
             one, and `pool::Executor` is the trait for code that is to run on either.",
            &[],
        )
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Advice, Known, Workers, advise};
    use crate::advice::needs::{Answers, Needs, Sharing};

    fn needs(change: impl FnOnce(&mut Needs)) -> Needs {
        let mut needs = Answers::default().needs();
        change(&mut needs);
        needs
    }

    fn advice(change: impl FnOnce(&mut Needs)) -> Advice {
        let known = Known { processors: 4, exchange: Some(Duration::from_micros(2)) };
        advise(&needs(change), known)
    }

    fn says(advice: &Advice, what: &str) -> bool {
        advice.decisions.iter().any(|decision| decision.what.contains(what))
    }

    #[test]
    fn without_need_for_walls_it_is_threads_for_work_and_for_waiting() {
        for cpu in [0.0, 0.5, 1.0] {
            let advice = advice(|needs| needs.cpu = cpu);
            assert_eq!(advice.workers, Workers::Threads);
            assert!(!says(&advice, "Start method"), "{advice:?}");
        }
    }

    #[test]
    fn crashes_and_limits_ask_for_processes_and_waiting_for_threads_in_them() {
        let computing = |needs: &mut Needs| (needs.isolation, needs.cpu) = (true, 1.0);
        assert_eq!(advice(computing).workers, Workers::Processes);
        let waiting = |needs: &mut Needs| (needs.memory_limit, needs.cpu) = (true, 0.1);
        assert_eq!(advice(waiting).workers, Workers::Both);
    }

    #[test]
    fn as_many_workers_as_keep_the_processors_busy() {
        assert!(says(&advice(|needs| needs.cpu = 1.0), "4 workers"));
        assert!(says(&advice(|needs| needs.cpu = 0.25), "About 16 workers"));
        assert!(says(&advice(|needs| needs.cpu = 0.0), "About 200 workers"));
        let large = Known { processors: 256, exchange: None };
        for (cpu, workers) in [(1.0, "256 workers"), (0.5, "About 256"), (0.0, "About 256")] {
            assert!(says(&advise(&needs(|needs| needs.cpu = cpu), large), workers));
        }
    }

    #[test]
    fn short_tasks_go_to_processes_in_chunks() {
        let short = |needs: &mut Needs| {
            needs.isolation = true;
            needs.task = Duration::from_micros(5);
        };
        assert!(says(&advice(short), "Chunks of 4 tasks"));
        assert!(!says(&advice(|needs| needs.isolation = true), "Chunks"));
        let unmeasured = Known { processors: 4, exchange: None };
        assert!(!says(&advise(&needs(short), unmeasured), "Chunks"));
    }

    #[test]
    fn large_payloads_are_handed_over_and_what_is_shared_has_its_place() {
        let large = |needs: &mut Needs| (needs.isolation, needs.payload) = (true, 64 << 20);
        assert!(says(&advice(large), "Owned<[T]>"));
        for (sharing, place) in [
            (Sharing::Values, "ipc::Value"),
            (Sharing::Arrays, "ipc::Shared<[T]>"),
            (Sharing::Objects, "ipc::Manager"),
        ] {
            let isolated = |needs: &mut Needs| (needs.isolation, needs.sharing) = (true, sharing);
            assert!(says(&advice(isolated), place));
            assert!(says(&advice(|needs| needs.sharing = sharing), "Arc<"));
        }
    }

    #[test]
    fn pipes_are_for_two_and_queues_for_many() {
        let among =
            |count| move |needs: &mut Needs| (needs.isolation, needs.participants) = (true, count);
        assert!(says(&advice(among(2)), "ipc::pipe"));
        assert!(says(&advice(among(3)), "ipc::Queue"));
        assert!(!says(&advice(among(0)), "Messages"));
    }

    #[test]
    fn more_machines_than_one_are_a_brokers() {
        let many = advice(|needs| needs.machines = 2);
        assert!(says(&many, "broker") && says(&many, "pool_nats::ClusterPool"));
    }
}
