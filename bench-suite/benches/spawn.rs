//! Starts of processes and threads beside the standard library, the procspawn crate and Python, with the
//! bars: `cargo bench -p bench-suite --bench spawn`.
//!
//! What is compared takes turns within one run, so that whatever else the machine does is done to all alike.

use std::error::Error;
use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{env, thread};

use bench_suite::Script;
use bench_suite::turns::{self, Subject};
use ipc::{Receiver, Sender, channel};
use proc_spawn::{Process, StartMethod, Thread};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Given to this program, it does nothing.
const NOTHING: &str = "--do-nothing";

const ROUNDS: usize = 300;
const THREADS: usize = 50;
const GIB: usize = 1 << 30;

fn nothing() {}

fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<f64> {
    let begun = Instant::now();
    black_box(work()?);
    Ok(begun.elapsed().as_secs_f64())
}

/// The median seconds of each, printed.
fn in_turns(rounds: usize, subjects: &mut [Subject<'_>]) -> Outcome<Vec<f64>> {
    let medians = turns::in_turns(rounds, subjects)?;
    for ((name, _), seconds) in subjects.iter().zip(&medians) {
        println!("  {name:<48} {:>9.1} µs", seconds * 1e6);
    }
    Ok(medians)
}

/// A measured ratio and the bar for it.
fn bar(what: &str, ratio: f64, wanted: f64) {
    let verdict = if ratio <= wanted { "holds" } else { "MISSED" };
    println!("{what:<66} {ratio:>9.2} times     bar <= {wanted:<9} {verdict}");
}

fn start(method: StartMethod) -> Outcome<f64> {
    timed(|| Ok(Process::builder().start_method(method).spawn(nothing, ())?.join()?))
}

/// Processes of this small program.
fn processes() -> Outcome<()> {
    let this = env::current_exe()?;
    let mut subjects: Vec<Subject<'_>> = vec![
        ("Spawn", Box::new(|| start(StartMethod::Spawn))),
        ("ForkServer", Box::new(|| start(StartMethod::ForkServer))),
        ("Command", Box::new(|| timed(|| Ok(Command::new(&this).arg(NOTHING).status()?)))),
        (
            "procspawn",
            Box::new(|| {
                timed(|| {
                    Ok(procspawn::spawn((), |()| ()).join().map_err(|error| error.to_string())?)
                })
            }),
        ),
    ];
    let seconds = in_turns(ROUNDS, &mut subjects)?;
    bar("Spawn / Command of the same program doing nothing", seconds[0] / seconds[2], 1.2);
    bar("Spawn / procspawn", seconds[0] / seconds[3], 0.6);
    bar("ForkServer / Spawn", seconds[1] / seconds[0], 0.35);
    Ok(())
}

/// A process with so much memory that starts another each time it is told to, and tells how long it took.
fn parent(bytes: usize, orders: Receiver<()>, answers: Sender<f64>) {
    let memory = vec![1_u8; bytes];
    while orders.recv().is_ok() {
        let seconds = start(StartMethod::Spawn).expect("a start");
        answers.send(seconds).expect("an answer");
    }
    black_box(memory);
}

fn sizes() -> Outcome<()> {
    let start_parent = |bytes: usize| -> Outcome<_> {
        let ((order, orders), (answer, answers)) = (channel::<()>(1)?, channel::<f64>(1)?);
        Ok((Process::spawn(parent, (bytes, orders, answer))?, order, answers))
    };
    let (small, large) = (start_parent(0)?, start_parent(GIB)?);
    let ask = |order: &Sender<()>, answers: &Receiver<f64>| -> Outcome<f64> {
        order.send(())?;
        Ok(answers.recv()?)
    };
    let mut subjects: Vec<Subject<'_>> = vec![
        ("Spawn from a small process", Box::new(|| ask(&small.1, &small.2))),
        ("Spawn from a process with 1 GiB", Box::new(|| ask(&large.1, &large.2))),
    ];
    let seconds = in_turns(ROUNDS, &mut subjects)?;
    bar("Spawn from a process with 1 GiB / from a small one", seconds[1] / seconds[0], 1.3);
    drop(subjects);
    for (process, order, _) in [small, large] {
        drop(order);
        process.join()?;
    }
    Ok(())
}

fn threads() -> Outcome<()> {
    let mut subjects: Vec<Subject<'_>> = vec![
        (
            "Thread::spawn, fifty of them",
            Box::new(|| {
                timed(|| {
                    for _ in 0..THREADS {
                        Thread::spawn(nothing, ())?.join()?;
                    }
                    Ok(())
                })
            }),
        ),
        (
            "std::thread::spawn, fifty of them",
            Box::new(|| {
                timed(|| {
                    for _ in 0..THREADS {
                        thread::spawn(nothing).join().map_err(|_| "a panic")?;
                    }
                    Ok(())
                })
            }),
        ),
    ];
    let seconds = in_turns(ROUNDS, &mut subjects)?;
    bar("Thread::spawn / std::thread::spawn", seconds[0] / seconds[1], 1.2);
    Ok(())
}

fn python() -> Outcome<()> {
    const METHODS: [&str; 3] = ["fork", "forkserver", "spawn"];
    let Some(python) = Script::start("spawn_rounds.py") else {
        println!("  there is no python3");
        return Ok(());
    };
    let python = std::cell::RefCell::new(python);
    let mut subjects: Vec<Subject<'_>> = vec![
        ("Spawn", Box::new(|| start(StartMethod::Spawn))),
        ("ForkServer", Box::new(|| start(StartMethod::ForkServer))),
    ];
    for (name, method) in
        ["Python, fork", "Python, forkserver", "Python, spawn"].into_iter().zip(METHODS)
    {
        let python = &python;
        subjects.push((name, Box::new(move || python.borrow_mut().round(method))));
    }
    in_turns(ROUNDS / 10, &mut subjects)?;
    Ok(())
}

fn measure() -> Outcome<()> {
    processes()?;
    sizes()?;
    threads()?;
    python()
}

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some(NOTHING) {
        return ExitCode::SUCCESS;
    }
    proc_spawn::init();
    procspawn::init();
    // `cargo test --benches` only wants to know that it runs.
    if env::args().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
