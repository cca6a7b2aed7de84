//! How a bench compares: what is measured takes turns within one run, so that whatever else the machine does is done
//! to all alike.

use crate::measure::{Outcome, Summary};

/// Something that is measured: its name, and what gives the seconds of one round.
pub type Subject<'a> = (&'static str, Box<dyn FnMut() -> Outcome<f64> + 'a>);

/// The median seconds of each, over so many rounds that take turns.
///
/// # Errors
///
/// The first of a round; the rest is not measured then.
///
/// ```
/// use bench_suite::turns::{Subject, in_turns};
///
/// let mut seconds = [3.0, 1.0, 2.0].into_iter();
/// let mut subjects: Vec<Subject<'_>> = vec![("one", Box::new(|| Ok(seconds.next().unwrap())))];
/// assert_eq!(in_turns(3, &mut subjects)?, [2.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn in_turns(rounds: usize, subjects: &mut [Subject<'_>]) -> Outcome<Vec<f64>> {
    let mut all = vec![Vec::new(); subjects.len()];
    for _ in 0..rounds {
        for (subject, seconds) in subjects.iter_mut().zip(&mut all) {
            seconds.push(subject.1()?);
        }
    }
    Ok(all.iter().map(|seconds| median(seconds)).collect())
}

/// The median of seconds; no number, if there are none.
pub fn median(seconds: &[f64]) -> f64 {
    Summary::of(seconds).map_or(f64::NAN, |summary| summary.median)
}
