//! A thread is started before the guard is called, in the child as well.

mod check;

use std::thread;

use proc_spawn::{Failure, Process};

fn work() {
    eprintln!("a child ran");
}

fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        let texts = ["the process had 2 threads", "before any thread is started"];
        check::expect("threads_before_init", 1, &texts);
        return Ok(());
    }
    thread::spawn(thread::park);
    proc_spawn::init();
    Process::spawn(work, ())?.join()?;
    Ok(())
}
