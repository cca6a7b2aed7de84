//! Figures in units that can be read.

use crate::workload::Measure;

/// A figure of that measure, with three digits and its unit.
pub(crate) fn figure(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Seconds | Measure::SecondsEach => scaled(value, &TIMES),
        Measure::PerSecond => scaled(value, &RATES),
        Measure::BytesPerSecond => scaled(value, &BYTE_RATES),
        Measure::BytesEach => scaled(value, &SIZES),
        Measure::Fact => String::new(),
    }
}

/// A round figure of that measure: without digits that are nought.
pub(crate) fn tick(measure: Measure, value: f64) -> String {
    let text = figure(measure, value);
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

type Unit = (f64, &'static str);

const TIMES: [Unit; 4] = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")];
const RATES: [Unit; 4] = [(1e9, "G/s"), (1e6, "M/s"), (1e3, "k/s"), (1.0, "/s")];

const SIZES: [Unit; 4] =
    [(1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1024.0, "KiB"), (1.0, "B")];
const BYTE_RATES: [Unit; 4] = [(1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")];

/// In the largest of the units, which come largest first, of which there is at least one.
fn scaled(value: f64, units: &[Unit; 4]) -> String {
    // What would be rounded up to the next unit is shown in that.
    let fits = |(size, _): &&Unit| value >= size * 0.9995;
    let (size, name) = units.iter().find(fits).unwrap_or(&units[3]);
    format!("{} {name}", three_digits(value / size))
}

/// A number of bytes that is round by powers of two.
pub(crate) fn bytes(count: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB"), (0, "B")];
    let fits = |(power, _): &&(u32, &str)| count >= 1 << power && count.is_multiple_of(1 << power);
    let (power, name) = units.iter().find(fits).unwrap_or(&units[3]);
    format!("{} {name}", count >> power)
}

/// A time that is round: without digits that are nought.
pub(crate) fn round_time(seconds: f64) -> String {
    let fits = |(size, _): &&Unit| seconds >= size * 0.9995;
    let (size, name) = TIMES.iter().find(fits).unwrap_or(&TIMES[3]);
    format!("{} {name}", (seconds / size * 1000.0).round() / 1000.0)
}

/// At least three significant digits, and none behind the point where there are more before it.
pub(crate) fn three_digits(value: f64) -> String {
    let places = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::{bytes, figure, three_digits, tick};
    use crate::workload::Measure;

    #[test]
    fn times_and_rates_have_the_unit_that_suits_them() {
        for (value, text) in [
            (12.345, "12.3 s"),
            (0.9996, "1.00 s"),
            (0.98, "980 ms"),
            (0.001_234, "1.23 ms"),
            (45.6e-6, "45.6 µs"),
            (2e-10, "0.20 ns"),
        ] {
            assert_eq!(figure(Measure::Seconds, value), text);
        }
        assert_eq!([bytes(0), bytes(1536), bytes(1 << 30)], ["0 B", "1536 B", "1 GiB"]);
        for (value, text) in [(1.5e9, "1.50 G/s"), (123_456.0, "123 k/s"), (5.0, "5.00 /s")] {
            assert_eq!(figure(Measure::PerSecond, value), text);
        }
    }

    #[test]
    fn a_mark_of_an_axis_has_no_more_digits_than_it_needs() {
        for (value, text) in [(1e-3, "1 ms"), (0.5, "500 ms"), (2e-9, "2 ns"), (0.25e-9, "0.25 ns")]
        {
            assert_eq!(tick(Measure::Seconds, value), text);
        }
        assert_eq!(tick(Measure::BytesEach, 65536.0), "64 KiB");
    }

    #[test]
    fn three_digits_are_kept_when_rounding_makes_the_number_longer() {
        assert_eq!(three_digits(9.996), "10.0");
        assert_eq!(three_digits(99.96), "100");
        assert_eq!(three_digits(12_345.6), "12346");
    }
}
