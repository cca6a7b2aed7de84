//! Runners that a shell plays.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::measure::Trouble;
use crate::measure::runner::Runner;

const LONG: Duration = Duration::from_secs(60);
const READY: &str = r#"echo '{"ready":{"version":"1.2"}}';"#;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(script);
    command
}

fn started(script: &str) -> Runner {
    let (runner, version) = Runner::start(shell(&format!("{READY} {script}")), LONG).unwrap();
    assert_eq!(version.as_deref(), Some("1.2"));
    runner
}

#[test]
fn a_runner_that_answers_is_heard_and_dismissed() {
    let answer =
        r#"while read line && [ $line ]; do echo '{"done":{"cost":0.5,"answer":7}}'; done"#;
    let (runner, round) = started(answer).round(1, LONG).unwrap();
    assert_eq!((round.cost, round.answer, round.seen), (0.5, 7, None));
    runner.dismiss(LONG).unwrap();
}

#[test]
fn a_program_that_is_not_there_is_missing() {
    let trouble = Runner::start(Command::new("/nowhere/python3"), LONG).unwrap_err();
    assert_eq!(trouble.to_string(), "missing: there is no /nowhere/python3");
    let says = r#"echo '{"missing":{"reason":"no module named x"}}'"#;
    let trouble = Runner::start(shell(says), LONG).unwrap_err();
    assert_eq!(trouble.to_string(), "missing: no module named x");
}

#[test]
fn a_runner_that_hangs_is_killed_with_the_processes_that_it_started() {
    let start = Instant::now();
    // The one in the background holds the output open, so that its end is seen.
    let runner = started("sleep 1000 & read line; sleep 1000");
    let after = Duration::from_millis(50);
    let trouble = runner.round(1, after).unwrap_err();
    assert_eq!(trouble, Trouble::Hung { after, during: "in a round" });
    assert!(start.elapsed() < LONG);
}

#[test]
fn a_runner_that_dies_is_reported_with_how_and_its_last_words() {
    let trouble = started("read line; echo oh dear >&2; exit 3").round(1, LONG).unwrap_err();
    assert_eq!(trouble.to_string(), "died: exit status: 3, after \"oh dear\"");
    let trouble = started("read line; kill -SEGV $$").round(1, LONG).unwrap_err();
    let crashed = matches!(&trouble, Trouble::Died { crashed: true, .. });
    assert!(crashed, "{trouble}");
}

#[test]
fn a_runner_that_leaves_a_process_behind_has_not_ended() {
    let after = Duration::from_millis(50);
    let trouble = started("sleep 1000 & read line").dismiss(after).unwrap_err();
    assert_eq!(trouble, Trouble::Hung { after, during: "of ending" });
}

#[test]
fn nonsense_is_no_answer() {
    let trouble = started("read line; echo 42; read line").round(1, LONG).unwrap_err();
    assert_eq!(trouble.to_string(), "failed: it said \"42\", which is no answer");
}
