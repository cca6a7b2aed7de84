//! A cluster of two agents on this machine, with the bars: `cargo bench -p pool-nats`.

#[path = "../tests/cluster/mod.rs"]
mod cluster;

use std::hint::black_box;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use cluster::{AgentProcess, Cluster, LEASE, Meeting, kill, meet, watch};
use pool::Pool;

const ROUNDS: usize = 5;

fn succ(n: u64) -> u64 {
    n + 1
}

/// A task of a tenth of a second that leaves the processors to the engine. Says how many seconds it took.
fn tenth() -> f64 {
    let begun = Instant::now();
    // sleep: it is what is measured against
    thread::sleep(Duration::from_millis(100));
    begun.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn rounds(round: impl FnMut() -> f64) -> f64 {
    median(std::iter::repeat_with(round).take(ROUNDS).collect())
}

/// Processor time that a process has used, in microseconds. The kernel counts in hundredths of a second.
fn used(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    let fields = stat.rsplit_once(')').expect("a name").1.split_whitespace();
    fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number") * 1e4).sum()
}

/// What was measured, beside its bar.
struct Report {
    all_met: bool,
}

impl Report {
    fn line(&mut self, what: &str, measured: f64, unit: &str, wanted: &str, is_met: bool) {
        let verdict = if is_met { "holds" } else { "MISSED" };
        println!("{what:<48} {measured:>12.1} {unit:<8} bar {wanted:<12} {verdict}");
        self.all_met &= is_met;
    }
}

#[proc_spawn::main]
fn main() -> ExitCode {
    // What cargo tells a benchmark that it runs as a test.
    if std::env::args().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    // As many workers as an agent has that nobody tells how many.
    let workers = proc_spawn::cpu_count();
    let Some(cluster) = Cluster::start(&[workers, workers]) else { return ExitCode::SUCCESS };
    let mut report = Report { all_met: true };

    let pool = cluster.pool(Pool::builder());
    let members = [("the server", cluster.server.pid()), ("the submitter", std::process::id())];
    let agents = cluster.agents.iter().filter_map(|agent| Some(agent.process.as_ref()?.id()));
    let members: Vec<_> = members.into_iter().chain(agents.map(|pid| ("an agent", pid))).collect();
    let before: Vec<_> = members.iter().map(|(_, pid)| used(*pid)).collect();
    let tiny = rounds(|| {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..8_000).map(|n| pool.submit(succ, n)).collect();
        tasks.into_iter().for_each(|task| assert!(black_box(task.get()).is_ok()));
        8_000.0 / begun.elapsed().as_secs_f64()
    });
    report.line("tiny tasks, each submitted alone", tiny, "tasks/s", ">= 4,000", tiny >= 4_000.0);
    for ((name, pid), before) in members.iter().zip(before) {
        let of_each = (used(*pid) - before) / (8_000 * ROUNDS) as f64;
        println!("  processor time of {name}: {of_each:.0} us a task");
    }

    let chunked = rounds(|| {
        let begun = Instant::now();
        black_box(pool.map(succ, 0..1_000_000).expect("results"));
        1e6 / begun.elapsed().as_secs_f64()
    });
    let times = chunked / tiny;
    report.line(
        "tiny items, in a map of a million",
        chunked,
        "items/s",
        ">= 80,000",
        chunked >= 8e4,
    );
    report.line("  as many times as tasks alone", times, "times", ">= 20", times >= 20.0);

    let trips = |_| {
        let begun = Instant::now();
        black_box(pool.apply(succ, 1).expect("a result"));
        begun.elapsed().as_secs_f64() * 1e6
    };
    let trip = median((0..2_000).map(trips).collect());
    report.line("from submit to result, p50", trip, "us", "<= 1,000", trip <= 1_000.0);

    let lost = rounds(|| {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..40).map(|_| pool.submit(tenth, ())).collect();
        let alone: f64 = tasks.into_iter().map(|task| task.get().expect("a result")).sum();
        (begun.elapsed().as_secs_f64() / (alone / (2.0 * workers as f64)) - 1.0) * 100.0
    });
    report.line("lost of tasks of 100 ms", lost, "%", "< 2", lost < 2.0);

    drop((pool, cluster));
    let mut cluster = Cluster::start(&[1, 1]).expect("there was one");
    let pool = cluster.pool(Pool::builder().retries(1));
    let meeting = Meeting::new();
    let again = |_| {
        let _watchdog = watch("a killed worker");
        let task = pool.submit(meet, (meeting.port(), 1));
        let (_, guest) = meeting.guest();
        let killed = Instant::now();
        kill(guest.worker);
        let (_, second) = meeting.guest();
        let took = killed.elapsed().as_secs_f64() * 1e3;
        drop(second);
        task.get().expect("a result");
        took
    };
    let again = median((0..50).map(again).collect());
    report.line("a killed worker's task runs again, p50", again, "ms", "<= 10", again <= 10.0);

    let mut longest = 0.0_f64;
    for _ in 0..ROUNDS {
        let _watchdog = watch("a killed agent");
        // The other one has something to do, so that it is the victim's task that is waited for.
        let tasks = [1, 2].map(|n| pool.submit(meet, (meeting.port(), n)));
        let guests = [meeting.guest(), meeting.guest()];
        cluster.agents.push(AgentProcess::start(&cluster.server, 1));
        let killed = Instant::now();
        cluster.agents.remove(0).kill();
        let again = meeting.guest();
        longest = longest.max(killed.elapsed().as_secs_f64() * 1e3);
        drop((guests, again));
        tasks.into_iter().for_each(|task| assert!(task.get().is_ok()));
    }
    let most = (LEASE + Duration::from_secs(1)).as_secs_f64() * 1e3;
    let text = format!("<= {most}");
    report.line("a killed agent's task runs again, longest", longest, "ms", &text, longest <= most);
    if report.all_met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
