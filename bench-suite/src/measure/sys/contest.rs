//! Entrants that a shell plays.

use std::process::Command;
use std::time::Duration;

use crate::measure::{Entrant, Plan, Scale, Trouble, contest};
use crate::workload::{Size, Work};

const PLAN: Plan = Plan {
    scale: Scale::Quick,
    rounds: 4,
    least_rounds: 2,
    budget: Duration::from_secs(60),
    aim: Duration::from_secs(1),
    limit: Duration::from_secs(60),
    farewell: Duration::from_secs(60),
};

fn work(adapts: bool) -> Work {
    let size = Size { full: 0, quick: 50, tiny: 0, adapts };
    Work { size, expected: |_| 7, is_fact: false, patience: None }
}

/// Answers each request with what the script sets; `$amount` is what it was asked for.
fn entrant(script: &str) -> Entrant {
    let script = format!(
        r#"echo '{{"ready":{{"version":null}}}}'
        while read line && [ $line ]; do
            amount=${{line#*:}}; amount=${{amount%\}}}}; answer=7; cost=0.5
            {script}
            echo "{{\"done\":{{\"cost\":$cost,\"answer\":$answer}}}}"
        done"#
    );
    let mut command = Command::new("sh");
    command.arg("-c").arg(script);
    Entrant { command, crashes: false, patience: None }
}

#[test]
fn everyone_makes_all_rounds_and_none_is_held_up_by_a_peer_in_trouble() {
    let entrants = vec![
        entrant(""),
        entrant("answer=8"),
        entrant("exit 1"),
        Entrant { command: Command::new("/nowhere/python3"), ..entrant("") },
    ];
    let mut told = Vec::new();
    let courses = contest(&work(false), entrants, &PLAN, &mut |line| told.push(line.to_owned()));

    let [sound, wrong, dead, missing] = &courses[..] else { panic!("{courses:?}") };
    let series = sound.result.as_ref().unwrap();
    assert_eq!((series.amount, series.costs.as_slice()), (50, [0.5; 4].as_slice()));
    assert_eq!(wrong.result, Err(Trouble::Wrong { got: 8, expected: 7 }));
    assert!(matches!(dead.result, Err(Trouble::Died { crashed: false, .. })), "{dead:?}");
    assert!(matches!(missing.result, Err(Trouble::Missing(_))), "{missing:?}");
    assert_eq!(
        told,
        ["warming up", "round 1 of 4", "round 2 of 4", "round 3 of 4", "round 4 of 4"]
    );
}

#[test]
fn a_peer_that_hangs_is_killed_and_the_others_are_measured() {
    let hangs = Entrant { patience: Some(Duration::from_millis(1)), ..entrant("sleep 1000") };
    let courses = contest(&work(false), vec![hangs, entrant("")], &PLAN, &mut |_| {});
    // A tenth of the fifty is done to warm up.
    let after = Duration::from_millis(5);
    assert_eq!(courses[0].result, Err(Trouble::Hung { after, during: "in a round" }));
    assert_eq!(courses[1].result.as_ref().unwrap().costs.len(), 4);
}

#[test]
fn a_contender_past_its_budget_makes_the_least_rounds() {
    let plan = Plan { budget: Duration::ZERO, ..PLAN };
    let courses = contest(&work(false), vec![entrant("")], &plan, &mut |_| {});
    assert_eq!(courses[0].result.as_ref().unwrap().costs.len(), 2);
}

#[test]
fn an_amount_that_adapts_grows_until_a_round_takes_as_long_as_it_should() {
    let faster = entrant(r#"[ $amount -lt 1000 ] && cost=0.02 || cost=1.0"#);
    let courses = contest(&work(true), vec![faster], &PLAN, &mut |_| {});
    assert_eq!(courses[0].result.as_ref().unwrap().amount, 2500);
}

#[test]
fn a_crash_that_was_to_be_seen_is_a_fact_and_a_survivor_is_not() {
    let facts = Work { is_fact: true, ..work(false) };
    let crash = Entrant { crashes: true, ..entrant("kill -SEGV $$") };
    let survivor = Entrant { crashes: true, ..entrant("") };
    let courses = contest(&facts, vec![crash, survivor], &PLAN, &mut |_| {});
    let seen = courses[0].result.as_ref().unwrap().seen.as_deref().unwrap();
    assert!(seen.starts_with("the whole program died: signal: 11"), "{seen}");
    assert_eq!(courses[1].result, Err(Trouble::Failed("the program survived".to_owned())));
}
