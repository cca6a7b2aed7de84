//! A `main` that leaves before the guard when it is run in a child.

mod check;

use std::env;
use std::process::ExitCode;

use proc_spawn::Process;

fn work() {
    eprintln!("a child ran");
}

fn main() -> ExitCode {
    if !check::is_mistaken() {
        let texts = ["the process exited with code 7 before it came to `proc_spawn::init()`"];
        check::expect("init_never_reached", 3, &texts);
        return ExitCode::SUCCESS;
    }
    if env::var_os("TANDEM_TEST_CHILD").is_some() {
        return ExitCode::from(7);
    }
    proc_spawn::init();
    let child = Process::builder().env("TANDEM_TEST_CHILD", "1").spawn(work, ());
    match child.expect("a start").join() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
    }
}
