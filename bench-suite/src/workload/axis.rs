//! What a table varies from column to column.

use crate::measure::Scale;
use crate::report::units;

/// The columns of a table: each contender is measured once for each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    /// What it is that changes.
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    /// The places on it, for that much work and so many processors.
    pub(crate) points: fn(Scale, usize) -> Vec<u64>,
}

/// The title of an axis on which the places are how many share the work.
pub(crate) const WORKERS: &str = "workers";

/// What the places on an axis are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Bytes,
    Nanoseconds,
    Count,
    /// No quantities, but the indices of these names.
    Names(&'static [&'static str]),
}

impl Axis {
    /// What a place is called.
    pub(crate) fn label(&self, point: u64) -> String {
        match self.unit {
            Unit::Bytes => units::bytes(point),
            Unit::Nanoseconds if point == 0 => "nothing".to_owned(),
            Unit::Nanoseconds => units::round_time(point as f64 * 1e-9),
            Unit::Count => point.to_string(),
            Unit::Names(names) => names.get(point as usize).copied().unwrap_or("?").to_owned(),
        }
    }

    /// Whether the places are quantities, between which one may think a line.
    pub(crate) fn is_quantity(&self) -> bool {
        !matches!(self.unit, Unit::Names(_))
    }
}

/// One worker, twice as many and so on, as many as there are processors, and twice those.
pub(crate) fn workers(scale: Scale, processors: usize) -> Vec<u64> {
    let processors = processors.max(1) as u64;
    let mut counts: Vec<u64> = std::iter::successors(Some(1), |count| Some(count * 2))
        .take_while(|&count| count < processors)
        .chain([processors, 2 * processors])
        .collect();
    if scale != Scale::Full {
        // The ends say most.
        counts.retain(|&count| count == 1 || count >= processors);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::{Axis, Unit, workers};
    use crate::measure::Scale;

    #[test]
    fn places_are_named_by_their_unit() {
        let label = |unit, point| Axis { title: "", unit, points: |_, _| vec![] }.label(point);
        assert_eq!(label(Unit::Bytes, 64), "64 B");
        assert_eq!(label(Unit::Bytes, 4 << 20), "4 MiB");
        assert_eq!(label(Unit::Nanoseconds, 0), "nothing");
        assert_eq!(label(Unit::Nanoseconds, 10_000_000), "10 ms");
        assert_eq!(label(Unit::Count, 2), "2");
        assert_eq!(label(Unit::Names(&["one", "two"]), 1), "two");
    }

    #[test]
    fn workers_go_from_one_past_the_processors() {
        assert_eq!(workers(Scale::Full, 6), [1, 2, 4, 6, 12]);
        assert_eq!(workers(Scale::Quick, 6), [1, 6, 12]);
        assert_eq!(workers(Scale::Quick, 1), [1, 2]);
    }
}
