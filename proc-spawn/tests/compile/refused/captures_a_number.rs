fn main() {
    proc_spawn::init();
    let offset = 5;
    let _ = proc_spawn::Process::spawn(move |n: u32| n + offset, 1);
}
