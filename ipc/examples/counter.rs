//! Four processes count in one shared number, under a lock that survives the death of its holder.

use std::time::Instant;

use ipc::Shared;
use proc_spawn::{Failure, Process};
use sync_prims::process::Lock;

const PROCESSES: u64 = 4;
const EACH: u64 = 100_000;

fn count(counter: Shared<Lock<u64>>) -> Result<(), Failure> {
    for _ in 0..EACH {
        *counter.lock().map_err(|poisoned| poisoned.cause())? += 1;
    }
    Ok(())
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    let counter = Shared::new(Lock::new(0))?;
    let start = Instant::now();
    let processes = (0..PROCESSES)
        .map(|_| Process::spawn(count, counter.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    for process in processes {
        process.join()??;
    }
    let sum = *counter.lock().map_err(|poisoned| poisoned.cause())?;
    eprintln!("took {:?}", start.elapsed());
    println!("{PROCESSES} processes added {EACH} each: {sum}");
    if sum != PROCESSES * EACH {
        return Err(Failure::new("some additions are lost"));
    }
    Ok(())
}
