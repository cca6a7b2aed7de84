//! A `main` without the guard starts a process.

mod check;

use proc_spawn::{Failure, Process};

fn work() {
    eprintln!("a child ran");
}

fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        check::expect("no_init", 1, &["proc_spawn::init();", "first line of `main`"]);
        return Ok(());
    }
    Process::spawn(work, ())?.join()?;
    Ok(())
}
