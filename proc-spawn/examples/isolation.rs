//! What threads share and processes do not: memory, and death.
#![expect(unsafe_code, reason = "shows what an access to memory that is not there does")]

use std::ptr;
use std::sync::{Mutex, PoisonError};

use proc_spawn::{Failure, Join, JoinError, Process, Spawn, Thread};

/// Every process has a list of its own.
static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Appends to the list and says how long it is now.
fn append(name: String) -> usize {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    names.push(name);
    names.len()
}

/// Appends a few names, each on a worker of its own; says how long each worker saw the list.
fn append_all<W: Spawn>() -> Result<Vec<usize>, Failure> {
    let started: Vec<_> =
        ["Ada", "Grace", "Barbara"].map(|name| W::spawn(append, name.to_owned())).into();
    let mut lengths = Vec::new();
    for worker in started {
        lengths.push(worker?.join()?);
    }
    Ok(lengths)
}

/// Takes the list of this process, which is empty afterwards.
fn take_names() -> Vec<String> {
    std::mem::take(&mut *NAMES.lock().unwrap_or_else(PoisonError::into_inner))
}

fn write_to_nowhere() {
    // SAFETY: none. That is the point: this is the bug of a library that should not take the
    // whole program with it.
    unsafe { ptr::without_provenance_mut::<u8>(16).write_volatile(1) };
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    append_all::<Thread>()?;
    let mut names = take_names();
    names.sort();
    println!("threads appended to the list of their process: {names:?}");

    let lengths = append_all::<Process>()?;
    println!("processes appended to lists of their own, which have lengths {lengths:?}");
    println!("the list of their parent: {:?}", take_names());

    match Process::spawn(write_to_nowhere, ())?.join() {
        Err(error @ JoinError::Crashed { .. }) => println!("a child wrote to nowhere: {error}"),
        other => return Err(Failure::new(format!("a crash was expected, not {other:?}"))),
    }
    println!("its parent carries on");
    Ok(())
}
