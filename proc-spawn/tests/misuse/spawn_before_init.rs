//! `main` starts a process before it calls the guard, and so does every child.

mod check;

use proc_spawn::{Failure, Process};

fn work() {
    eprintln!("a child ran");
}

fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        let texts = [
            "no child: this program cannot start processes yet: make `proc_spawn::init();` the first",
            "a child ran",
        ];
        check::expect("spawn_before_init", 0, &texts);
        return Ok(());
    }
    // Also in the child, which does not get further by that.
    if let Err(error) = Process::spawn(work, ()) {
        eprintln!("no child: {error}");
    }
    proc_spawn::init();
    Process::spawn(work, ())?.join()?;
    Ok(())
}
