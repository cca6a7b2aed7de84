//! Tests of the other end of iceoryx2, which a shell plays.

use std::io::Read;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::peer::iceoryx2::Publisher;

const LONG: Duration = Duration::from_secs(30);

fn shell(script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script);
    shell
}

#[test]
fn one_that_is_not_wanted_any_more_ends_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in-order");
    let script = format!("while read line; do echo $line; done; : > {}", file.display());
    let mut publisher = Publisher::start(shell(&script), LONG).unwrap();
    assert_eq!(publisher.carry(7).unwrap(), 7);
    drop(publisher);
    assert!(file.exists());
}

#[test]
fn one_that_hangs_is_killed_with_what_it_has_started() {
    // Whoever holds it open lives.
    let (mut lives, held) = std::io::pipe().unwrap();
    let mut hangs = shell("sleep 1000 & echo 1; sleep 1000");
    hangs.stderr(held);
    let mut publisher = Publisher::start(hangs, Duration::from_millis(50)).unwrap();
    assert_eq!(publisher.carry(1).unwrap(), 1);
    drop(publisher);
    let (ended, has_ended) = mpsc::channel();
    thread::spawn(move || ended.send(lives.read_to_end(&mut Vec::new())));
    assert!(has_ended.recv_timeout(LONG).is_ok());
}
