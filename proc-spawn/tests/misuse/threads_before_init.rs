//! A thread is started before the guard is called, in the child as well.

mod check;

use std::thread;

use proc_spawn::{Failure, Process, StartMethod};

fn work() {
    eprintln!("a child ran");
}

fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        let texts = [
            "the process had 2 threads",
            "before any thread is started",
            "the fork server had threads when it came to `proc_spawn::init()`",
        ];
        check::expect("threads_before_init", 1, &texts);
        return Ok(());
    }
    thread::spawn(thread::park);
    proc_spawn::init();
    let copied = Process::builder().start_method(StartMethod::ForkServer);
    eprintln!("{:#}", Failure::from(copied.spawn(work, ()).unwrap_err()));
    Process::spawn(work, ())?.join()?;
    Ok(())
}
