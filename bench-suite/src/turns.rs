//! How a bench compares: what is measured takes turns within one run, so that whatever else the machine does is done
//! to all alike.

use crate::measure::{Outcome, Summary};

/// Something that is measured: its name, and what gives the seconds of one round.
pub type Subject<'a> = (&'static str, Box<dyn FnMut() -> Outcome<f64> + 'a>);

/// The median seconds of each, over so many rounds that take turns, another one first every time.
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
    let count = subjects.len();
    for round in 0..rounds {
        for place in 0..count {
            let index = (round + place) % count;
            all[index].push(subjects[index].1()?);
        }
    }
    Ok(all.iter().map(|seconds| median(seconds)).collect())
}

/// The median of seconds; no number, if there are none.
pub fn median(seconds: &[f64]) -> f64 {
    Summary::of(seconds).map_or(f64::NAN, |summary| summary.median)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::{Subject, in_turns};

    #[test]
    fn each_makes_a_round_before_any_makes_the_next_and_each_is_first_once() {
        let order = RefCell::new(String::new());
        let subject = |name: &'static str| -> Subject<'_> {
            (
                name,
                Box::new(|| {
                    order.borrow_mut().push_str(name);
                    Ok(name.len() as f64)
                }),
            )
        };
        let medians = in_turns(3, &mut ["a", "bb", "ccc"].map(subject)).unwrap();
        assert_eq!(medians, [1.0, 2.0, 3.0]);
        assert_eq!(*order.borrow(), "abbcccbbcccacccabb");
    }
}
