//! The program's file is deleted, and then replaced by another program, while it runs. This is no
//! mistake: its children run what it runs.

mod check;

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{env, fs};

use proc_spawn::{Failure, Process};

fn double(n: u32) -> u32 {
    2 * n
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        check::expect("executable_replaced", 0, &["42 and 44"]);
        return Ok(());
    }
    let path = env::current_exe()?;
    if env::var_os("TANDEM_TEST_COPY").is_none() {
        let copy = env::temp_dir().join(format!("tandem-replaced-{}", std::process::id()));
        fs::copy(&path, &copy)?;
        return Err(Command::new(copy).env("TANDEM_TEST_COPY", "1").exec().into());
    }
    fs::remove_file(&path)?;
    let deleted = Process::spawn(double, 21)?.join()?;
    fs::copy("/bin/true", &path)?;
    let replaced = Process::spawn(double, 22)?.join();
    fs::remove_file(&path)?;
    eprintln!("{deleted} and {}", replaced?);
    Ok(())
}
