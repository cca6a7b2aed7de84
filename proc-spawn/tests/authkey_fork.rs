//! The key of a program that nobody has used yet, and a fork. Alone in its program, whose key it is about.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "forks")]

mod watchdog;

use watchdog::watch;

proc_spawn::enable_test_support!();

#[test]
fn a_fork_has_the_key_of_its_parent_although_neither_had_used_it() {
    let _watchdog = watch("a key");
    let key = || ipc::authkey().unwrap().to_vec();
    // SAFETY: the other threads wait: that of the tests for this one, that of the watchdog for time.
    let child = unsafe { proc_spawn::fork(key) }.unwrap();
    assert_eq!(child.join().unwrap(), key());
}
