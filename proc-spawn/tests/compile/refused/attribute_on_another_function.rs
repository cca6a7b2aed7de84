#[proc_spawn::main]
fn start() {}

fn main() {}
