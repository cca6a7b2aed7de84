#[proc_spawn::main(flavour = "vanilla")]
fn main() {}
