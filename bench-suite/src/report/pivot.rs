//! A table that has an axis: a line for each contender, a column for each place.

use crate::report::schema::{Figures, Point, Row, Standing, Table};
use crate::report::units::{figure, three_digits};
use crate::workload::Measure;

/// The rows of a table, in lines and columns.
#[derive(Debug)]
pub(crate) struct Pivot<'a> {
    pub(crate) points: Vec<&'a Point>,
    pub(crate) lines: Vec<Line<'a>>,
}

/// A contender, and what there is of it in each column.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// Any of its rows, for what is the same in all.
    pub(crate) row: &'a Row,
    pub(crate) cells: Vec<Option<&'a Row>>,
}

impl<'a> Pivot<'a> {
    pub(crate) fn new(table: &'a Table) -> Pivot<'a> {
        let points = table.points();
        let line = |row: &'a Row| {
            let cells = points.iter().map(|&point| table.row(&row.id, Some(point))).collect();
            Line { row, cells }
        };
        let lines = table.contenders().into_iter().map(line).collect();
        Pivot { points, lines }
    }

    /// Why there are no figures where there are none; once, if it is the same everywhere.
    pub(crate) fn troubles(&self) -> Vec<String> {
        self.lines.iter().flat_map(Line::troubles).collect()
    }
}

impl Line<'_> {
    fn troubles(&self) -> Vec<String> {
        let rows: Vec<&Row> = self.cells.iter().copied().flatten().collect();
        let told = |title: String, row: &Row| {
            let (word, reason) = row.result.trouble()?;
            Some(format!("{title}: {word}: {reason}"))
        };
        let everywhere =
            |row: &&Row| rows.len() > 1 && rows.iter().all(|one| one.result == row.result);
        if let Some(row) = rows.first().copied().filter(|row| everywhere(row)) {
            return told(row.label.clone(), row).into_iter().collect();
        }
        rows.into_iter().filter_map(|row| told(row.title(), row)).collect()
    }
}

/// What a cell says: the figure, and the rest of it.
pub(crate) fn cell(measure: Measure, row: &Row) -> (String, String) {
    match &row.result {
        Standing::Measured(figures) => {
            (figure(measure, figures.summary.median), rest(measure, figures))
        }
        Standing::Seen { what } => (what.clone(), String::new()),
        other => (other.trouble().unwrap_or_default().0.to_owned(), String::new()),
    }
}

fn rest(measure: Measure, figures: &Figures) -> String {
    let summary = figures.summary;
    let off = |end: f64| ((end / summary.median - 1.0) * 100.0).abs().round();
    let mut rest = format!("-{}+{}%", off(summary.min), off(summary.max));
    if let Some(tail) = figures.tail {
        rest = format!("{rest}, p99 {}", figure(measure, tail.median));
    }
    if let Some(speed_up) = &figures.speed_up {
        rest = format!("{rest}, {} ×", three_digits(speed_up.factor));
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::{Pivot, cell};
    use crate::report::schema::{Standing, tests::example};

    #[test]
    fn a_contender_is_a_line_and_a_place_a_column() {
        let report = example();
        let table = &report.tables[2];
        let pivot = Pivot::new(table);
        assert_eq!(pivot.points.iter().map(|point| point.at).collect::<Vec<_>>(), [64, 4096]);
        let first = pivot.lines[0].cells[0].unwrap();
        assert_eq!(cell(table.measure, first), ("2.00 MB/s".to_owned(), "-50+100%".to_owned()));
        assert_eq!(pivot.troubles(), ["the a, 4 KiB: hung: the reason"]);
    }

    #[test]
    fn what_is_the_same_everywhere_is_said_once() {
        let mut table = example().tables.remove(2);
        for row in table.rows.iter_mut().filter(|row| row.id == "a") {
            row.result = Standing::Missing { reason: "not here".to_owned() };
        }
        assert_eq!(Pivot::new(&table).troubles(), ["the a: missing: not here"]);
    }
}
