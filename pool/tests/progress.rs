//! Progress bars where nobody can see them.

mod watchdog;

use std::io::Read as _;

use pool::{Pool, Progress};
use proc_spawn::{Process, Stdio};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn count_to(n: u64) -> usize {
    let pool = Pool::builder().workers(2).progress(Progress::new("counting"));
    pool.processes().expect("a pool").map(|n: u64| n, 0..n).expect("a map").len()
}

#[test]
fn nothing_is_printed_where_stderr_is_no_terminal() {
    let _watchdog = watch("a silent bar");
    let mut child = Process::builder().stderr(Stdio::piped()).spawn(count_to, 1000).unwrap();
    let mut printed = String::new();
    child.take_stderr().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!(printed, "");
    assert_eq!(child.join().unwrap(), 1000);
}
