//! The crate procspawn.

use std::time::Instant;

use ::procspawn::Pool;
use ipc_channel::ipc::{IpcOneShotServer, IpcSender};

use crate::measure::{Outcome, Rounds, Task};
use crate::peer::sys::group;
use crate::workload::task_length::{rounds, work};
use crate::workload::{memory, recovery};

pub(crate) fn tasks(task: &Task) -> Outcome<Rounds> {
    let pool = Pool::new(task.workers)?;
    rounds(task, move |tasks| {
        let results = in_batches(&pool, work, tasks)?;
        Ok(results.into_iter().sum())
    })
}

/// The results of a function for all arguments, as many of which wait at a time as the pool bears: it is out of
/// descriptors, of which a process usually may have 1024, after some hundred.
///
/// # Errors
///
/// A worker has died, or the pool cannot reach it.
pub fn in_batches(
    pool: &Pool,
    function: fn(u64) -> u64,
    arguments: impl IntoIterator<Item = u64>,
) -> Outcome<Vec<u64>> {
    const AT_A_TIME: usize = 100;
    let (mut arguments, mut results) = (arguments.into_iter().peekable(), Vec::new());
    while arguments.peek().is_some() {
        let batch = arguments.by_ref().take(AT_A_TIME);
        let tasks: Vec<_> = batch.map(|argument| pool.spawn(argument, function)).collect();
        for task in tasks {
            results.push(task.join()?);
        }
    }
    Ok(results)
}

fn fatal_task(name: String) -> u64 {
    // Without somebody who hears it nobody kills it.
    let _ = IpcSender::connect(name).map(|pids| pids.send(std::process::id()));
    recovery::wait_for_death()
}

/// A worker dies in a task, and the pool does the next.
pub(crate) fn recovery(_: &Task) -> Outcome<Rounds> {
    let pool = Pool::new(2)?;
    recovery::rounds(move || {
        let (server, name) = IpcOneShotServer::<u32>::new()?;
        let task = pool.spawn(name, fatal_task);
        let (_, victim) = server.accept()?;
        let killed = Instant::now();
        group::kill_one(victim)?;
        if task.join().is_ok() {
            return Err("the task was done".into());
        }
        pool.spawn(0, work).join()?;
        Ok(killed.elapsed())
    })
}

/// A pool whose workers have all begun.
pub(crate) fn idle(_: &Task) -> Outcome<Rounds> {
    memory::rounds(|amount| {
        let pool = Pool::new(amount as usize)?;
        let tasks: Vec<_> = (0..10 * amount).map(|_| pool.spawn(0, work)).collect();
        for task in tasks {
            task.join()?;
        }
        Ok(pool)
    })
}
