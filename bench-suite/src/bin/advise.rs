//! Threads, processes or both; see `advise --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bench_suite::advise()
}
