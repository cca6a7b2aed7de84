fn add(a: u32, b: u32) -> u32 {
    a + b
}

fn main() {
    proc_spawn::init();
    let _ = proc_spawn::Process::spawn(add, 1);
}
