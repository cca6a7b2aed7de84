fn double(n: u32) -> u32 {
    2 * n
}

fn main() {
    proc_spawn::init();
    let _ = proc_spawn::Process::builder().spawn(double as fn(u32) -> u32, 1);
}
