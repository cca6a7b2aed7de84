//! The few statistics that a table shows.

use serde::{Deserialize, Serialize};

/// A contender's rounds in three figures.
///
/// The median, because a round that the system disturbed should not count more than any other; the
/// smallest and the largest, because they show how much was disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Summary {
    /// Of no samples there is none.
    pub(crate) fn of(samples: &[f64]) -> Option<Summary> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Some(Summary { median, min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::Summary;

    #[test]
    fn the_median_of_an_odd_number_is_the_one_in_the_middle() {
        let summary = Summary::of(&[5.0, 1.0, 100.0]).unwrap();
        assert_eq!(summary, Summary { median: 5.0, min: 1.0, max: 100.0 });
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let summary = Summary::of(&[4.0, 1.0, 2.0, 50.0]).unwrap();
        assert_eq!(summary, Summary { median: 3.0, min: 1.0, max: 50.0 });
    }

    #[test]
    fn one_sample_is_all_three() {
        let summary = Summary::of(&[7.0]).unwrap();
        assert_eq!(summary, Summary { median: 7.0, min: 7.0, max: 7.0 });
    }

    #[test]
    fn no_samples_have_no_summary() {
        assert_eq!(Summary::of(&[]), None);
    }
}
