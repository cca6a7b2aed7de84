//! A logarithmic axis.

use std::iter;

use crate::workload::Measure;

/// From where to where an axis goes, and where it has marks.
#[derive(Debug, PartialEq)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    pub(crate) ticks: Vec<f64>,
}

/// More marks than these would touch each other on a phone.
const MOST_TICKS: usize = 5;

impl Axis {
    /// One on which these figures, all above zero, have their place; `None` if there are none.
    pub(crate) fn over(values: impl Iterator<Item = f64>, measure: Measure) -> Option<Axis> {
        let values = values.filter(|value| value.is_finite() && *value > 0.0);
        let (least, most) = values
            .fold((f64::INFINITY, 0.0), |(least, most), value| (value.min(least), value.max(most)));
        if most == 0.0 {
            return None;
        }
        let (low, high) = (round_below(least), round_above(most));
        let within = |ticks: Vec<f64>| -> Vec<f64> {
            ticks.into_iter().filter(|tick| (low * 0.999..=high * 1.001).contains(tick)).collect()
        };
        // Amounts of memory are round by powers of two.
        let (radix, steps) = match measure {
            Measure::BytesEach => (2.0, &[1.0][..]),
            _ => (10.0, &[1.0, 2.0, 5.0][..]),
        };
        let (first, last) = (low.log(radix).floor() as i32, high.log(radix).ceil() as i32);
        let powers = |every: i32| {
            (first..=last)
                .filter(move |power| power.rem_euclid(every) == 0)
                .map(|power| f64::powi(radix, power))
        };
        let fine = powers(1).flat_map(|power| steps.iter().map(move |step| step * power)).collect();
        let coarse = (1..).map(|every| powers(every).collect());
        let few = |ticks: &Vec<f64>| ticks.len() <= MOST_TICKS;
        let ticks = iter::once(fine).chain(coarse).map(within).find(few).unwrap_or_default();
        Some(Axis { low, high, ticks })
    }

    /// Where a value lies, from 0 to 1.
    pub(crate) fn place(&self, value: f64) -> f64 {
        ((value / self.low).ln() / (self.high / self.low).ln()).clamp(0.0, 1.0)
    }
}

/// The next of 1, 2, 5, 10, 20 and so on that is less.
fn round_below(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    let steps = [5.0, 2.0, 1.0].map(|step| step * decade);
    steps.into_iter().find(|step| *step < value * 0.999).unwrap_or(decade / 2.0)
}

fn round_above(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
    steps.into_iter().find(|step| *step > value * 1.001).unwrap_or(decade * 20.0)
}

#[cfg(test)]
mod tests {
    use super::Axis;
    use crate::workload::Measure;

    fn axis(values: &[f64]) -> Axis {
        Axis::over(values.iter().copied(), Measure::Seconds).unwrap()
    }

    fn close(ticks: &[f64], expected: &[f64]) -> bool {
        let same = |(one, other): (&f64, &f64)| (one / other - 1.0).abs() < 1e-9;
        ticks.len() == expected.len() && ticks.iter().zip(expected).all(same)
    }

    #[test]
    fn a_narrow_axis_has_fine_marks_and_a_wide_one_has_few() {
        let narrow = axis(&[0.3, 0.9]);
        assert!(close(&narrow.ticks, &[0.2, 0.5, 1.0]), "{narrow:?}");
        let wide = axis(&[2e-6, 0.5]);
        assert!(close(&wide.ticks, &[1e-6, 1e-4, 1e-2, 1.0]), "{wide:?}");
    }

    #[test]
    fn memory_has_marks_that_are_round_by_powers_of_two() {
        let axis = Axis::over([10e3, 9e6].into_iter(), Measure::BytesEach).unwrap();
        let kib = [16.0, 64.0, 256.0, 1024.0, 4096.0].map(|kib| kib * 1024.0);
        assert!(close(&axis.ticks, &kib), "{axis:?}");
    }

    #[test]
    fn values_lie_within_in_their_order_and_equal_factors_are_equal_distances() {
        let axis = axis(&[1.5, 40.0]);
        let [low, middle, high] = [1.0, 7.071_067_8, 50.0].map(|value| axis.place(value));
        assert!(low == 0.0 && (middle - 0.5).abs() < 1e-6 && high == 1.0, "{axis:?}");
    }

    #[test]
    fn one_value_has_room_on_both_sides_and_none_have_no_axis() {
        let place = axis(&[10.0]).place(10.0);
        assert!((0.1..0.9).contains(&place), "{place}");
        assert_eq!(Axis::over([0.0, f64::NAN].into_iter(), Measure::Seconds), None);
    }
}
