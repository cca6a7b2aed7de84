//! A process is started before `main`, by the initialiser of a static.
#![expect(unsafe_code, reason = "runs code before main")]

mod check;

use proc_spawn::{Failure, Process};

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = initialise;

fn work() {
    eprintln!("a child ran");
}

extern "C" fn initialise() {
    if check::is_mistaken()
        && let Err(error) = Process::spawn(work, ())
    {
        eprintln!("no child: {error}");
    }
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        let texts = ["no child: this program cannot start processes yet", "a child ran"];
        check::expect("static_initialiser", 0, &texts);
        return Ok(());
    }
    Process::spawn(work, ())?.join()?;
    Ok(())
}
