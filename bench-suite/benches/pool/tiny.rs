//! Tasks that take next to no time: what the pools themselves cost.

use std::sync::mpsc;

use pool::{Pool, ProcessPool, ThreadPool};

use bench_suite::Script;
use bench_suite::turns::Subject;

use crate::peers::Procspawn;
use crate::{Outcome, WORKERS, bar, in_turns, succ, timed};

/// Tiny tasks, one to a chunk.
pub(crate) fn one_to_a_chunk(python: &mut Option<Script>) -> Outcome<()> {
    const COUNT: u64 = 100_000;
    let chunk1 = || Pool::builder().workers(WORKERS).chunk_size(1);
    let (processes, threads) = (chunk1().processes()?, chunk1().threads()?);
    let peer = threadpool::ThreadPool::new(WORKERS);
    let procspawn = Procspawn::start()?;
    processes.map(succ, 0..1000)?;
    let mut subjects: Vec<Subject<'_>> = vec![
        ("ProcessPool", Box::new(|| Ok(timed(|| processes.map(succ, 0..COUNT))))),
        ("ThreadPool", Box::new(|| Ok(timed(|| threads.map(succ, 0..COUNT))))),
        (
            "threadpool",
            Box::new(|| {
                Ok(timed(|| {
                    let (sender, receiver) = mpsc::channel();
                    for n in 0..COUNT {
                        let sender = sender.clone();
                        peer.execute(move || sender.send((n, succ(n))).expect("it is received"));
                    }
                    drop(sender);
                    let mut results = vec![0; COUNT as usize];
                    receiver.into_iter().for_each(|(n, result)| results[n as usize] = result);
                    results
                }))
            }),
        ),
    ];
    subjects
        .push(("procspawn", Box::new(|| procspawn.all(COUNT / 10).map(|seconds| seconds * 10.0))));
    if let Some(python) = python {
        subjects.push((
            "Python",
            Box::new(|| python.round(&format!("chunk1 {}", COUNT / 10)).map(|s| s * 10.0)),
        ));
    }
    let seconds = in_turns(&mut subjects)?;
    let rates: Vec<_> = seconds.iter().map(|seconds| COUNT as f64 / seconds / 1e3).collect();
    for ((name, _), rate) in subjects.iter().zip(&rates) {
        println!("  tiny tasks, chunks of 1: {name:<12} {rate:>9.1} k/s");
    }
    if let Some(python) = rates.get(4) {
        let ratio = rates[0] / python;
        bar("ProcessPool / Python, chunks of 1", ratio, "times", ratio >= 10.0, ">= 10");
    }
    let ratio = rates[0] / rates[3];
    bar("ProcessPool / procspawn's Pool", ratio, "times", ratio >= 30.0, ">= 30");
    let ratio = rates[1] / rates[2];
    bar("ThreadPool / threadpool crate, chunks of 1", ratio, "times", ratio >= 0.8, ">= 0.8");
    Ok(())
}

/// Tiny tasks in the chunks that the pools choose.
pub(crate) fn default_chunks(python: &mut Option<Script>) -> Outcome<()> {
    const COUNT: u64 = 1_000_000;
    let (processes, threads) = (ProcessPool::new(WORKERS)?, ThreadPool::new(WORKERS)?);
    processes.map(succ, 0..1000)?;
    let mut subjects: Vec<Subject<'_>> = vec![
        ("ProcessPool", Box::new(|| Ok(timed(|| processes.map(succ, 0..COUNT))))),
        ("ThreadPool", Box::new(|| Ok(timed(|| threads.map(succ, 0..COUNT))))),
    ];
    if let Some(python) = python {
        subjects.push(("Python", Box::new(|| python.round(&format!("map {COUNT}")))));
    }
    let seconds = in_turns(&mut subjects)?;
    for ((name, _), seconds) in subjects.iter().zip(&seconds) {
        let rate = COUNT as f64 / seconds / 1e6;
        println!("  tiny tasks, default chunks: {name:<12} {rate:>9.2} M/s");
    }
    if let Some(python) = seconds.get(2) {
        let ratio = python / seconds[0];
        bar("ProcessPool / Python, default chunks", ratio, "times", ratio >= 2.0, ">= 2");
    }
    Ok(())
}

/// What a task costs while few others wait, and while very many do, whose memory is new to the processor.
pub(crate) fn queued() -> Outcome<()> {
    const FEW: u64 = 1_000;
    const MANY: u64 = 300_000;
    let processes = ProcessPool::new(WORKERS)?;
    let submit = |count| {
        let tasks: Vec<_> = (0..count).map(|n| processes.submit(succ, n)).collect();
        tasks.into_iter().try_for_each(|task| task.get().map(drop))
    };
    submit(FEW)?;
    let mut subjects: Vec<Subject<'_>> = vec![
        ("few", Box::new(|| Ok(timed(|| (0..MANY / FEW).try_for_each(|_| submit(FEW)))))),
        ("many", Box::new(|| Ok(timed(|| submit(MANY))))),
    ];
    let seconds = in_turns(&mut subjects)?;
    for ((name, _), seconds) in subjects.iter().zip(&seconds) {
        println!("  a task while {name:<4} are queued {:>24.2} µs", seconds / MANY as f64 * 1e6);
    }
    let ratio = seconds[1] / seconds[0];
    bar("a task with 300,000 queued / with 1,000", ratio, "times", ratio <= 1.5, "<= 1.5");
    Ok(())
}
