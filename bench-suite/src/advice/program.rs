//! The program: what is not said is asked for, and the answer is printed with what it rests on.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Parser;

use crate::advice::evidence::Evidence;
use crate::advice::needs::Answers;
use crate::advice::tree::{Advice, Known, advise as decide};
use crate::measure::Outcome;

/// Threads, processes or both: an answer for your work, with the measured lines of this machine that say so
///
/// On a terminal it asks for what the flags do not say; elsewhere it takes what stands in brackets. The lines
/// come from the last `cargo xtask bench`. `bench_suite::profile` measures a function of yours and displays
/// as flags.
#[derive(Debug, Parser)]
#[command(name = "advise", version)]
struct Arguments {
    #[command(flatten)]
    answers: Answers,

    /// What was measured on this machine
    #[arg(long, value_name = "FILE", default_value = "target/bench/results.json")]
    results: PathBuf,
}

/// Does what the command line asks for.
pub fn advise() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Arguments) -> Outcome<String> {
    let evidence = Evidence::read(&arguments.results)?;
    if io::stdin().is_terminal() {
        arguments.answers.ask(&mut io::stdin().lock(), &mut io::stderr())?;
    }
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let known = Known { processors, exchange: evidence.exchange() };
    Ok(text(&decide(&arguments.answers.needs(), known), &evidence))
}

fn text(advice: &Advice, evidence: &Evidence) -> String {
    let mut text = String::new();
    for decision in &advice.decisions {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}\n    {}", decision.what, decision.why);
        for line in decision.lines.iter().filter_map(|&line| evidence.line(line)) {
            let _ = writeln!(text, "      {line}");
        }
    }
    let source = match evidence.about() {
        Some(machine) => format!("Measured: {machine}{}.", unmeasured(advice, evidence)),
        None => "Nothing has been measured here yet: `cargo xtask bench --quick` does.".to_owned(),
    };
    text + "\n" + &source + "\n"
}

/// The tables of which a decision would have lines, and that were left out of the run.
fn unmeasured(advice: &Advice, evidence: &Evidence) -> String {
    let lines = advice.decisions.iter().flat_map(|decision| &decision.lines);
    let mut tables: Vec<_> = lines.map(|line| line.0).filter(|name| !evidence.has(name)).collect();
    tables.sort_unstable();
    tables.dedup();
    match tables.is_empty() {
        true => String::new(),
        false => format!(", without {}", tables.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::{CommandFactory, Parser};

    use super::{Arguments, text};
    use crate::advice::evidence::{Evidence, Line};
    use crate::advice::tree::{Advice, Decision, Workers};
    use crate::report::example;

    fn advice() -> Advice {
        let lines = vec![Line("primes", "pool"), Line("primes", "nobody")];
        let decision = Decision { what: "This".to_owned(), why: "Because.".to_owned(), lines };
        Advice { workers: Workers::Threads, decisions: vec![decision] }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
        assert!(Arguments::try_parse_from(["advise", "--cpu", "101"]).is_err());
        assert!(Arguments::try_parse_from(["advise", "--task-ms", "-1"]).is_err());
    }

    #[test]
    fn a_decision_comes_with_the_lines_that_were_measured() {
        let text = text(&advice(), &Evidence::of(example()));
        assert!(text.starts_with("This\n    Because.\n      primes: the pool: 125 ms"), "{text}");
        assert!(text.contains("Measured: Example CPU, 8 processors") && !text.contains("nobody"));
        assert!(text.ends_with("a quick run.\n"), "{text}");
    }

    #[test]
    fn a_table_that_was_not_measured_is_told() {
        let mut advice = advice();
        advice.decisions[0].lines.extend([Line("worker", "thread"), Line("worker", "process")]);
        let text = text(&advice, &Evidence::of(example()));
        assert!(text.ends_with("a quick run, without worker.\n"), "{text}");
    }

    #[test]
    fn without_a_measurement_it_says_how_to_make_one() {
        let text = text(&advice(), &Evidence::read(Path::new("/nonexistent")).unwrap());
        assert!(text.ends_with("`cargo xtask bench --quick` does.\n"), "{text}");
    }
}
