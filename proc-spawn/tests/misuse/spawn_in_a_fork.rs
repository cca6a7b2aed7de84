//! A process that was made by a plain `fork` starts a process, and exits.
#![expect(unsafe_code, reason = "forks")]

mod check;

use std::thread;

use proc_spawn::{Failure, Process};

fn main() -> Result<(), Failure> {
    proc_spawn::init();
    if !check::is_mistaken() {
        check::expect("spawn_in_a_fork", 0, &["this process was made by `fork`"]);
        return Ok(());
    }
    let daemon = Process::builder().daemon(true).spawn(
        || -> () {
            loop {
                thread::park();
            }
        },
        (),
    )?;
    // SAFETY: the child does what a child of a program with threads should not, but with nobody
    // holding a lock it needs.
    let child = unsafe { libc::fork() };
    if child == 0 {
        eprintln!("{}", Process::spawn(|| (), ()).expect_err("it is a fork"));
        // Its exit is no reason to end the daemon of another process.
        std::process::exit(0);
    }
    // SAFETY: takes integers, and a null pointer for a status that nobody wants.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    assert!(daemon.is_alive());
    Ok(())
}
