//! Durations as people say them.

use std::time::Duration;

/// `820 ms`, `4.2 s`, `3 min 07 s`, `1 h 02 min`.
pub(crate) fn friendly(duration: Duration) -> String {
    let millis = duration.as_millis();
    let seconds = (millis + 500) / 1000;
    let minutes = (seconds + 30) / 60;
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..59_950 => {
            let tenths = (millis + 50) / 100;
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        _ if seconds < 3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::friendly;
    use std::time::Duration;

    #[test]
    fn each_length_is_told_in_its_own_unit() {
        let cases = [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (4_249, "4.2 s"),
            (59_949, "59.9 s"),
            (59_950, "1 min 00 s"),
            (187_400, "3 min 07 s"),
            (3_599_499, "59 min 59 s"),
            (3_599_500, "1 h 00 min"),
            (3_749_000, "1 h 02 min"),
            (86_400_000, "24 h 00 min"),
        ];
        for (millis, text) in cases {
            assert_eq!(friendly(Duration::from_millis(millis)), text, "{millis}");
        }
    }
}
