//! The ways of ipc beside those of others: `cargo bench -p bench-suite --bench ipc`, with `round-trips`, `small`,
//! `large` or `managers` behind `--` for a part of it.
//!
//! Every figure is the median of rounds in which all contenders took turns, each against a child process of
//! its own (crossbeam and memcpy: threads, for what is possible without a border), so that whatever else the
//! machine did meanwhile was done to all alike. What the bars ask for stands beside what was measured.
//!
//! iceoryx2 takes part where `cargo xtask bench --iceoryx2` has built it. A bare futex is not here: it is what
//! `Connection` sleeps on.

mod crowd;
mod managers;
mod round_trip;
mod values;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bench_suite::turns::{self, Subject};
use bench_suite::way::{self, Carry};
use round_trip::round_trips;
use values::{crossbeam, hand_over, python, queue};

type Outcome<T> = Result<T, Box<dyn Error>>;
/// So many operations, and how long they took.
type Work = Box<dyn FnMut(u64) -> Outcome<Duration>>;
/// Measures a part, and prints it.
type Report = fn() -> Outcome<()>;
const ROUNDS: usize = 9;

fn timed(work: impl FnOnce() -> Outcome<()>) -> Outcome<Duration> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}

/// Messages that are carried.
fn carried(carry: Outcome<Carry>) -> Outcome<Work> {
    let mut carry = carry?;
    Ok(Box::new(move |times| {
        timed(|| {
            carry(times)?;
            Ok(())
        })
    }))
}

/// Median nanoseconds for one operation of each, in rounds that take turns.
fn compare(contenders: &mut [(&'static str, Work, u64)]) -> Outcome<Vec<(&'static str, f64)>> {
    let mut subjects: Vec<Subject<'_>> = Vec::new();
    for (name, work, times) in contenders {
        let round = || Ok(work(*times)?.as_secs_f64() / *times as f64);
        subjects.push((name, Box::new(round)));
    }
    // For warming up.
    turns::in_turns(1, &mut subjects)?;
    let seconds = turns::in_turns(ROUNDS, &mut subjects)?;
    Ok(subjects.iter().zip(seconds).map(|((name, _), seconds)| (*name, seconds * 1e9)).collect())
}

fn figure(figures: &[(impl AsRef<str>, f64)], name: &str) -> f64 {
    figures.iter().find(|(one, _)| one.as_ref() == name).map_or(f64::NAN, |(_, figure)| *figure)
}

fn bar(what: &str, measured: f64, limit: f64, at_most: bool) {
    let kept = if at_most { measured <= limit } else { measured >= limit };
    let sign = if at_most { "<=" } else { ">=" };
    let verdict = match kept {
        _ if measured.is_nan() => "not measured",
        true => "kept",
        false => "MISSED",
    };
    println!("  {what}: {measured:.3} (bar {sign} {limit}) {verdict}");
}

/// Messages that iceoryx2 carries, so often, where it is there.
fn iceoryx2(size: usize, times: u64) -> Option<(&'static str, Work, u64)> {
    match carried(way::iceoryx2_carry(size)) {
        Ok(work) => Some(("iceoryx2", work, times)),
        Err(error) => {
            println!("no iceoryx2: {error}");
            None
        }
    }
}

fn report_round_trips() -> Outcome<()> {
    // A tenth of a second and more: shorter ones are over before the system has had a look at where the two ends are.
    let times = 30_000;
    let (free, pinned) = (round_trips(times, None)?, round_trips(times, Some(0))?);
    for (placement, figures) in
        [("the scheduler's placement", &free), ("both ends on one CPU", &pinned)]
    {
        println!("round trip of 8 bytes, {placement}");
        figures.iter().for_each(|(name, figure)| println!("  {name:<14} {:9.2} us", figure / 1e3));
    }
    let ours = figure(&free, "pipe");
    let best = figure(&free, "OS pipe").min(figure(&free, "Unix socket"));
    bar("pipe / ipc-channel", ours / figure(&free, "ipc-channel"), 0.25, true);
    bar("pipe / best of the system's", ours / best, 1.0, true);
    bar(
        "on one CPU: pipe / OS pipe",
        figure(&pinned, "pipe") / figure(&pinned, "OS pipe"),
        1.3,
        true,
    );
    Ok(())
}

fn report_small() -> Outcome<()> {
    let mut contenders = vec![
        ("pipe 1:1", carried(way::pipe_carry(48))?, 500_000),
        ("socket 1:1", carried(way::unix_socket_carry(48))?, 100_000),
        ("queue 2:2", queue(), 500_000),
        ("crossbeam 2:2", crossbeam(), 500_000),
    ];
    contenders.extend(python().map(|python| ("python 2:2", python, 20_000)));
    contenders.extend(iceoryx2(64, 500_000));
    let figures = compare(&mut contenders)?;
    println!("messages of 48 bytes, of iceoryx2 64, one to one; millions a second");
    let rate = |name| 1e3 / figure(&figures, name);
    figures.iter().for_each(|(name, figure)| println!("  {name:<14} {:9.3}", 1e3 / figure));
    bar("pipe, M/s", rate("pipe 1:1"), 8.0, false);
    bar("queue, M/s", rate("queue 2:2"), 6.0, false);
    bar("queue / crossbeam", rate("queue 2:2") / rate("crossbeam 2:2"), 0.5, false);
    bar("queue / Python", rate("queue 2:2") / rate("python 2:2"), 25.0, false);
    bar("queue / iceoryx2", rate("queue 2:2") / rate("iceoryx2"), 2.0, false);
    Ok(())
}

fn report_large() -> Outcome<()> {
    for (size, times) in [(4 << 10, 100_000), (64 << 10, 10_000), (1 << 20, 600)] {
        let mut contenders = vec![
            ("pipe", carried(way::pipe_carry(size))?, times),
            ("queue", carried(way::queue_carry(size))?, times),
            ("Unix socket", carried(way::unix_socket_carry(size))?, times),
            ("memcpy", carried(way::memory_carry(size))?, times),
        ];
        contenders.extend(iceoryx2(size, times));
        let figures = compare(&mut contenders)?;
        println!("messages of {} KiB, GB/s", size >> 10);
        let rate = |name| size as f64 / figure(&figures, name);
        figures
            .iter()
            .for_each(|(name, figure)| println!("  {name:<14} {:9.2}", size as f64 / figure));
        bar("pipe / Unix socket", rate("pipe") / rate("Unix socket"), 2.0, false);
        bar("pipe / iceoryx2", rate("pipe") / rate("iceoryx2"), 1.0, false);
        bar("queue / Unix socket", rate("queue") / rate("Unix socket"), 1.0, false);
    }
    let figures = compare(&mut [("256 MiB", hand_over()?, 200)])?;
    println!("an Owned of 256 MiB handed over");
    bar("ms", figure(&figures, "256 MiB") / 1e6, 1.0, true);
    Ok(())
}

fn report_managers() -> Outcome<()> {
    let figures = compare(&mut managers::contenders()?)?;
    println!("a call of a managed dict");
    figures.iter().for_each(|(name, figure)| println!("  {name:<14} {:9.2} us", figure / 1e3));
    bar(
        "Python / dict set",
        figure(&figures, "Python's set") / figure(&figures, "dict set"),
        3.0,
        false,
    );
    println!("a server with 2,000 clients that wait");
    bar("ms of processor time a second", crowd::idle()?, 0.1, true);
    println!("a managed object made and dropped, among others");
    let figures = compare(&mut crowd::contenders()?)?;
    figures.iter().for_each(|(name, figure)| println!("  {name:<14} {:9.2} us", figure / 1e3));
    Ok(())
}

fn main() -> ExitCode {
    proc_spawn::init();
    let parts: [(&str, Report); 4] = [
        ("round-trips", report_round_trips),
        ("small", report_small),
        ("large", report_large),
        ("managers", report_managers),
    ];
    // Cargo adds an argument of its own, with dashes.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let names = parts.map(|(name, _)| name);
    if let Some(unknown) = wanted.iter().find(|it| !names.contains(&it.as_str())) {
        eprintln!("error: there is no part {unknown:?}, but {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    for (name, report) in parts {
        if !(wanted.is_empty() || wanted.iter().any(|it| it == name)) {
            continue;
        }
        if let Err(error) = report() {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
