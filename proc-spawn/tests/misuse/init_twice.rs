//! The guard is called by hand in a `main` that has the attribute.

mod check;

#[proc_spawn::main]
fn main() {
    if !check::is_mistaken() {
        let texts = ["init_twice.rs:11:5", "was called twice, first at", "init_twice.rs:5:1"];
        return check::expect("init_twice", 101, &texts);
    }
    proc_spawn::init();
}
