#[proc_spawn::main]
async fn main() {}
