//! Steps that run one after the other, timed and counted.

use crate::duration::friendly;
use anyhow::{Result, bail};
use std::{
    io::Write,
    time::{Duration, Instant},
};
use xshell::Shell;

/// One step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Shell) -> Result<()>,
}

/// Runs every step, also after one that failed, so that one run tells all there is to mend. The
/// last line written is the count: `6 passed, 0 failed`.
pub(crate) fn run_all(steps: &[Step], sh: &Shell, out: &mut dyn Write) -> Result<()> {
    let start = Instant::now();
    let mut outcomes = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        writeln!(out, "\n=== {}/{} {}", index + 1, steps.len(), step.name)?;
        out.flush()?;
        let step_start = Instant::now();
        let outcome = (step.run)(sh);
        let took = step_start.elapsed();
        let verdict = verdict(outcome.is_ok());
        writeln!(out, "=== {} {verdict} after {}", step.name, friendly(took))?;
        if let Err(error) = &outcome {
            writeln!(out, "    {error:#}")?;
        }
        outcomes.push((step.name, outcome.is_ok(), took));
    }
    summary(&outcomes, start.elapsed(), out)
}

fn summary(outcomes: &[(&str, bool, Duration)], took: Duration, out: &mut dyn Write) -> Result<()> {
    let width = outcomes.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    writeln!(out, "\n=== all steps after {}", friendly(took))?;
    for (name, passed, took) in outcomes {
        writeln!(out, "    {name:width$}  {:6}  {:>12}", verdict(*passed), friendly(*took))?;
    }
    let failed: Vec<&str> =
        outcomes.iter().filter(|(_, passed, _)| !passed).map(|(name, ..)| *name).collect();
    writeln!(out, "{} passed, {} failed", outcomes.len() - failed.len(), failed.len())?;
    out.flush()?;
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn verdict(passed: bool) -> &'static str {
    if passed { "passed" } else { "FAILED" }
}

#[cfg(test)]
mod tests {
    use super::{Step, run_all};
    use anyhow::{Context, bail};
    use xshell::Shell;

    const GOOD: Step = Step { name: "good", run: |_| Ok(()) };
    const BAD: Step = Step { name: "bad", run: |_| bail!("it broke") };
    const DEEP: Step = Step { name: "deep", run: |sh| (BAD.run)(sh).context("failed to go on") };

    fn run(steps: &[Step]) -> (String, Result<(), String>) {
        let mut out = Vec::new();
        let outcome = run_all(steps, &Shell::new().unwrap(), &mut out);
        (String::from_utf8(out).unwrap(), outcome.map_err(|error| error.to_string()))
    }

    #[test]
    fn a_green_run_ends_with_its_count() {
        let (out, outcome) = run(&[GOOD, GOOD]);
        assert_eq!(outcome, Ok(()));
        assert_eq!(out.lines().last(), Some("2 passed, 0 failed"));
        assert!(out.contains("=== 1/2 good\n=== good passed after "), "{out}");
    }

    #[test]
    fn a_failed_step_is_told_with_its_cause_and_the_others_still_run() {
        let (out, outcome) = run(&[BAD, GOOD, DEEP]);
        assert_eq!(outcome, Err("failed: bad, deep".to_owned()));
        assert_eq!(out.lines().last(), Some("1 passed, 2 failed"));
        assert!(out.contains("    it broke\n"), "{out}");
        assert!(out.contains("    failed to go on: it broke\n"), "{out}");
        assert!(out.contains("=== 3/3 deep\n"), "{out}");
    }
}
