fn main() {
    proc_spawn::init();
    let name = String::from("Ada");
    let _ = proc_spawn::Process::builder().spawn(|| name.len(), ());
}
