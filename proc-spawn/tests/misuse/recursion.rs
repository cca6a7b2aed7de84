//! A function starts a process that runs the same function, without end.

mod check;

use proc_spawn::{Failure, Process};

fn work(depth: u32) -> Result<u32, Failure> {
    match Process::spawn(work, depth + 1) {
        Ok(child) => child.join()?,
        Err(error) => {
            eprintln!("{error}");
            Ok(depth)
        }
    }
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        let texts = ["is 64 generations from the first", "seems to start itself", "came to 64"];
        check::expect("recursion", 0, &texts);
        return Ok(());
    }
    eprintln!("came to {}", work(0)?);
    Ok(())
}
