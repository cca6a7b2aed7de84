fn main() {
    proc_spawn::init();
    let _ = proc_spawn::Process::spawn(|| std::time::Instant::now(), ());
}
