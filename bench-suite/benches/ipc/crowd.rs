//! A manager with many clients, or many objects.

use std::fs;
use std::thread;
use std::time::Duration;

use ipc::{EventProxy, Manager, Sender, ValueProxy};
use proc_spawn::Process;

use crate::{Outcome, Work, timed};

/// So many clients a process stands for: each has a line of its own, as it waits for an answer.
const EACH: usize = 200;
const PROCESSES: usize = 10;

fn wait(event: EventProxy, ready: Sender<()>) {
    let clients: Vec<_> = (0..EACH)
        .map(|_| {
            let (event, ready) = (event.clone(), ready.clone());
            let client = thread::Builder::new().stack_size(128 << 10).spawn(move || {
                let _ = event.is_set().map(|_| ready.send(()));
                // Who waits for those of all is told when nobody is left who could send.
                drop(ready);
                let _ = event.wait();
            });
            client.expect("a thread")
        })
        .collect();
    drop(ready);
    clients.into_iter().for_each(|client| drop(client.join()));
}

/// What a process has computed so far, on all its threads together.
fn processor_time(pid: u32) -> Outcome<Duration> {
    let mut all = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let told = fs::read_to_string(thread?.path().join("schedstat"))?;
        all += told.split_whitespace().next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(all))
}

/// Milliseconds of processor time that a server takes in a second in which two thousand clients wait.
pub(crate) fn idle() -> Outcome<f64> {
    const SECONDS: u32 = 3;
    let manager = Manager::start::<Process>()?;
    let event = manager.event()?;
    let (ready, is_ready) = ipc::channel(PROCESSES * EACH)?;
    let mut children = Vec::new();
    for _ in 0..PROCESSES {
        children.push(Process::spawn(wait, (event.clone(), ready.clone()))?);
    }
    drop(ready);
    for _ in 0..PROCESSES * EACH {
        is_ready.recv()?;
    }
    // sleep: until all wait, and then for what is measured.
    thread::sleep(Duration::from_millis(300));
    let before = processor_time(manager.pid()?)?;
    // sleep: as above.
    thread::sleep(Duration::from_secs(SECONDS.into()));
    let taken = processor_time(manager.pid()?)?.saturating_sub(before);
    event.set()?;
    for child in children {
        child.join()?;
    }
    Ok(taken.as_secs_f64() * 1e3 / f64::from(SECONDS))
}

/// Makes an object and drops it, where there are so many others.
fn make(others: usize) -> Outcome<Work> {
    let manager = Manager::start::<Process>()?;
    let others =
        (0..others).map(|_| manager.value(0)).collect::<Result<Vec<ValueProxy<u32>>, _>>()?;
    Ok(Box::new(move |times| {
        let _others = &others;
        timed(|| {
            for number in 0..times as u32 {
                drop(manager.value(number)?);
            }
            Ok(())
        })
    }))
}

/// One object made and dropped, among few and among many.
pub(crate) fn contenders() -> Outcome<Vec<(&'static str, Work, u64)>> {
    Ok(vec![
        ("among none", make(0)?, 1_000),
        ("among 1,000", make(1_000)?, 1_000),
        ("among 10,000", make(10_000)?, 1_000),
    ])
}
