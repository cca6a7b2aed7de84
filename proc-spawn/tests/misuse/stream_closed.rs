//! A program closes its standard output and goes on printing, as do its children: nothing of the
//! program's may have come by the number.
#![expect(unsafe_code, reason = "closes a standard stream")]

mod check;

use proc_spawn::{Failure, Process, StartMethod};

fn print() -> usize {
    print_much();
    7
}

fn print_much() {
    for _ in 0..1000 {
        println!("this must not be printed into anything");
    }
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        check::expect("stream_closed", 0, &["14"]);
        return Ok(());
    }
    // SAFETY: takes an integer. Nobody owns the standard output.
    unsafe { libc::close(libc::STDOUT_FILENO) };
    let mut sum = 0;
    for method in [StartMethod::Spawn, StartMethod::ForkServer] {
        let child = Process::builder().start_method(method).spawn(print, ())?;
        print_much();
        sum += child.join()?;
    }
    eprintln!("{sum}");
    Ok(())
}
