//! A process is started when this one is already exiting.
#![expect(unsafe_code, reason = "registers a function with the libc")]

mod check;

use proc_spawn::Process;

extern "C" fn too_late() {
    match Process::spawn(|| eprintln!("a child ran"), ()) {
        Ok(_) => eprintln!("it was started"),
        Err(error) => eprintln!("{error}"),
    }
}

fn main() {
    if !check::is_mistaken() {
        return check::expect("spawn_at_exit", 0, &["this process is exiting"]);
    }
    // Registered first, called last.
    // SAFETY: the function is a static of this program.
    unsafe { libc::atexit(too_late) };
    proc_spawn::init();
}
