//! The lines of a report that a decision rests on.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::measure::Outcome;
use crate::report::{Report, Row, Standing, read, units};
use crate::workload::{Measure, WORKERS};

/// A table, and the id of one of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line(pub(crate) &'static str, pub(crate) &'static str);

/// What was measured on this machine, if anything was.
#[derive(Debug)]
pub(crate) struct Evidence(Option<Report>);

impl Evidence {
    /// From that file. That there is none is no error.
    pub(crate) fn read(results: &Path) -> Outcome<Evidence> {
        match fs::exists(results) {
            Ok(false) => Ok(Evidence(None)),
            _ => read(results).map(|report| Evidence(Some(report))),
        }
    }

    #[cfg(test)]
    pub(crate) fn of(report: Report) -> Evidence {
        Evidence(Some(report))
    }

    /// Of which machine, and how it was measured.
    pub(crate) fn about(&self) -> Option<String> {
        let report = self.0.as_ref()?;
        let machine = &report.machine;
        Some(format!(
            "{}, {} processors, {}, a {} run",
            machine.processor, machine.processors, machine.system, report.settings.scale
        ))
    }

    /// Whether a table of that name was measured.
    pub(crate) fn has(&self, table: &str) -> bool {
        self.0.as_ref().is_some_and(|report| report.tables.iter().any(|one| one.name == table))
    }

    /// What a line says, in words; `None` if it was not measured.
    pub(crate) fn line(&self, line: Line) -> Option<String> {
        let (measure, row) = self.row(line)?;
        let result = match &row.result {
            Standing::Measured(figures) => {
                let figure = units::figure(measure, figures.summary.median);
                match &figures.speed_up {
                    Some(speed_up) => {
                        let factor = units::three_digits(speed_up.factor);
                        format!("{figure} ({factor} × as fast as {})", speed_up.over)
                    }
                    None => figure,
                }
            }
            Standing::Seen { what } => what.clone(),
            other => other.trouble().map(|(word, reason)| format!("{word}: {reason}"))?,
        };
        Some(format!("{}: {}: {result}", line.0, row.title()))
    }

    /// What a task's way to another process and its result's way back cost: a message each.
    pub(crate) fn exchange(&self) -> Option<Duration> {
        let (_, row) = self.row(Line("producer_consumer", "queue_processes"))?;
        let rate = row.figures()?.summary.median;
        // Who has changed the file by hand may have left a rate of which no time can be made.
        (rate > 0.0).then(|| Duration::try_from_secs_f64(2.0 / rate).ok())?
    }

    fn row(&self, Line(table, row): Line) -> Option<(Measure, &Row)> {
        let report = self.0.as_ref()?;
        let table = report.tables.iter().find(|one| one.name == table)?;
        let rows = || table.rows.iter().filter(|one| one.id == row);
        let by_workers = table.axis.as_ref().is_some_and(|axis| axis.title == WORKERS);
        // Of several, the one with as many workers as there are processors, or the last.
        let fits = |row: &&Row| {
            let point = row.point.as_ref().filter(|_| by_workers);
            point.is_some_and(|point| point.at == report.settings.workers as u64)
        };
        rows().find(fits).or_else(|| rows().next_back()).map(|row| (table.measure, row))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{Evidence, Line};
    use crate::report::{Standing, example};

    #[test]
    fn a_line_has_the_label_the_figure_and_what_it_is_compared_with() {
        let evidence = Evidence::of(example());
        let line = evidence.line(Line("primes", "pool")).unwrap();
        assert_eq!(line, "primes: the pool: 125 ms (4.00 × as fast as sequential)");
        assert_eq!(evidence.line(Line("primes", "a")).unwrap(), "primes: the a: hung: the reason");
        assert_eq!(evidence.line(Line("primes", "nobody")), None);
        let last = evidence.line(Line("messages", "pipe")).unwrap();
        assert_eq!(last, "messages: the pipe, 4 KiB: 1.00 GB/s");
    }

    #[test]
    fn the_line_for_as_many_workers_as_processors_is_one_of_a_table_by_workers() {
        let size_or_workers = |title: &str| {
            let mut report = example();
            report.settings.workers = 64;
            report.tables[2].axis.as_mut().unwrap().title = title.to_owned();
            Evidence::of(report).line(Line("messages", "pipe")).unwrap()
        };
        assert_eq!(size_or_workers("workers"), "messages: the pipe, 64 B: 2.00 MB/s");
        assert_eq!(size_or_workers("size"), "messages: the pipe, 4 KiB: 1.00 GB/s");
    }

    #[test]
    fn a_rate_of_which_no_time_can_be_made_tells_of_no_exchange() {
        for (rate, exchange) in [(2.0, Some(Duration::from_secs(1))), (0.0, None), (5e-324, None)] {
            let mut report = example();
            report.tables[2].name = "producer_consumer".to_owned();
            let row = &mut report.tables[2].rows[2];
            row.id = "queue_processes".to_owned();
            let Standing::Measured(figures) = &mut row.result else { panic!("{row:?}") };
            figures.summary.median = rate;
            assert_eq!(Evidence::of(report).exchange(), exchange, "{rate}");
        }
    }

    #[test]
    fn without_a_measurement_there_are_no_lines() {
        let evidence = Evidence::read(Path::new("/nonexistent/results.json")).unwrap();
        assert!(evidence.about().is_none() && evidence.exchange().is_none());
        assert_eq!(evidence.line(Line("primes", "pool")), None);
    }
}
