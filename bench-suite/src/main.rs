//! The measured comparison; see `bench-suite --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    proc_spawn::init();
    bench_suite::main()
}
