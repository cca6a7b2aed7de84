//! What `profile` says of a function that waits. Alone in its process: what other threads compute counts as well.

use std::sync::mpsc;
use std::time::Duration;

use bench_suite::profile;

#[test]
fn one_that_waits_hardly_computes() {
    let (_keep, never) = mpsc::channel::<()>();
    let profile = profile(|| never.recv_timeout(Duration::from_millis(50)).is_ok());
    assert!(profile.wall >= Duration::from_millis(50) && profile.cpu_share() < 0.5, "{profile:?}");
}
