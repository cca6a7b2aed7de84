//! An array in shared memory, whose turn is passed on by two semaphores.

use ipc::{Array, Shared};
use proc_spawn::Process;
use sync_prims::process::Semaphore;

use crate::measure::Outcome;
use crate::way::{Ask, Carry};

/// Whoever's turn it is has the array.
type Turn = Shared<Semaphore>;

fn turns() -> Outcome<(Turn, Turn)> {
    Ok((Shared::new(Semaphore::new(0))?, Shared::new(Semaphore::new(0))?))
}

/// Takes its turn, which it does not give back to who was before it.
fn wait(turn: &Turn) {
    turn.acquire().forget();
}

fn echo(array: Array<u64>, theirs: Turn, ours: Turn) {
    loop {
        wait(&theirs);
        {
            let Ok(mut array) = array.lock() else { return };
            array[1] = array[0];
        }
        ours.release(1);
    }
}

/// A process that copies the first number of an array into the second.
pub fn ask() -> Outcome<Ask> {
    let (array, (theirs, ours)) = (Array::<u64>::zeroed(2)?, turns()?);
    let args = (array.clone(), theirs.clone(), ours.clone());
    Process::builder().daemon(true).spawn(echo, args)?.detach();
    Ok(Box::new(move |number| {
        array.lock().map_err(|poisoned| poisoned.cause())?[0] = number;
        theirs.release(1);
        wait(&ours);
        Ok(array.lock().map_err(|poisoned| poisoned.cause())?[1])
    }))
}

/// Copies each message out of the array.
fn sink(array: Array<u8>, theirs: Turn, ours: Turn) {
    let mut message = vec![0; array.lock().map_or(0, |array| array.len())];
    loop {
        wait(&theirs);
        {
            let Ok(array) = array.lock() else { return };
            message.copy_from_slice(&array);
        }
        ours.release(1);
    }
}

/// Bytes that are copied into the array, and out of it by a process.
pub fn carry(size: usize) -> Outcome<Carry> {
    let (array, (theirs, ours)) = (Array::<u8>::zeroed(size)?, turns()?);
    let args = (array.clone(), theirs.clone(), ours.clone());
    Process::builder().daemon(true).spawn(sink, args)?.detach();
    let message = vec![7; size];
    Ok(Box::new(move |times| {
        for _ in 0..times {
            array.lock().map_err(|poisoned| poisoned.cause())?.copy_from_slice(&message);
            theirs.release(1);
            wait(&ours);
        }
        Ok(times)
    }))
}
