//! Children are born into another PID namespace than their program's.
#![expect(unsafe_code, reason = "leaves a namespace")]

mod check;

use proc_spawn::{Failure, Process};

const TEXT: &str = "a program cannot span PID namespaces";

fn work() {
    eprintln!("a child ran");
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        check::expect("namespace_left", 1, &[TEXT]);
        return Ok(());
    }
    // The kernel makes no threads any more in a process that has left.
    Process::spawn(|| (), ())?.join()?;
    // SAFETY: takes an integer.
    if unsafe { libc::unshare(libc::CLONE_NEWPID) } != 0 {
        eprintln!("not tried, for this system does not allow it: {TEXT}");
        std::process::exit(1);
    }
    Process::spawn(work, ())?.join()?;
    Ok(())
}
