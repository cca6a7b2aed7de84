//! The report as Markdown.

use std::fmt::Write;

use crate::report::facts::{HOW_TO_READ, TITLE, facts, origin, warnings};
use crate::report::pays::pays;
use crate::report::pivot::{self, Pivot};
use crate::report::schema::{Report, Row, Standing, Table};
use crate::report::units::{figure, three_digits};
use crate::workload::Measure;

/// What was measured where, and how to read it.
pub(crate) fn header(report: &Report) -> String {
    let mut lines = vec![format!("# {TITLE}"), String::new()];
    lines.extend(facts(report).into_iter().map(|fact| format!("- {fact}")));
    lines.extend(warnings(report).into_iter().map(|warning| format!("- **{warning}**")));
    lines.extend([String::new(), HOW_TO_READ.to_owned(), String::new()]);
    lines.join("\n")
}

/// One table, with what it is about.
pub(crate) fn table(table: &Table) -> String {
    let mut text = format!("## {}\n\n`{}`. {}\n\n", table.title, table.name, table.about);
    if let Some(axis) = &table.axis {
        text.push_str(&by_columns(table, &axis.title));
        return text;
    }
    let percentiles = table.rows.iter().any(Row::has_tail);
    let compares = table.rows.iter().any(Row::has_speed_up);
    let columns: Vec<&str> = match table.measure {
        Measure::Fact => vec!["contender", "from", "what was seen"],
        _ => {
            let all = ["contender", "from", "median", "p99", "min", "max", "rounds", "speed-up"];
            let wanted = |name: &&str| match *name {
                "p99" => percentiles,
                "speed-up" => compares,
                _ => true,
            };
            all.into_iter().filter(wanted).collect()
        }
    };
    let mut lines = vec![columns.iter().map(|&name| name.to_owned()).collect()];
    lines.extend(table.rows.iter().map(|row| cells(table.measure, row, &columns)));
    text.push_str(&aligned(&lines));
    text
}

/// A table with an axis.
fn by_columns(table: &Table, axis: &str) -> String {
    let pivot = Pivot::new(table);
    let head = ["contender".to_owned(), "from".to_owned()].into_iter();
    let head = head.chain(pivot.points.iter().enumerate().map(|(index, point)| match index {
        0 => format!("{axis}: {}", point.label),
        _ => point.label.clone(),
    }));
    let mut lines = vec![head.collect()];
    for line in &pivot.lines {
        let mut cells = vec![escaped(&line.row.label), origin(line.row)];
        cells.extend(line.cells.iter().map(|cell| match cell {
            Some(row) => {
                let (figure, rest) = pivot::cell(table.measure, row);
                let figure = match row.result.trouble() {
                    Some((word, _)) if word != "missing" => format!("**{figure}**"),
                    _ => figure,
                };
                escaped(format!("{figure} {rest}").trim())
            }
            None => "–".to_owned(),
        }));
        lines.push(cells);
    }
    let mut text = aligned(&lines);
    let notes = [pays(table), pivot.troubles()].concat();
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "- {}", escaped(&note));
    }
    text
}

fn cells(measure: Measure, row: &Row, columns: &[&str]) -> Vec<String> {
    let mut cells = vec![escaped(&row.label), origin(row)];
    if let Some((word, reason)) = row.result.trouble() {
        // That a peer is not installed is no news.
        let word = if word == "missing" { word.to_owned() } else { format!("**{word}**") };
        cells.push(format!("{word}: {}", escaped(reason)));
    }
    match &row.result {
        Standing::Measured(figures) => cells.extend(columns[2..].iter().map(|&column| {
            let summary = figures.summary;
            match column {
                "median" => figure(measure, summary.median),
                "p99" => figures.tail.map(|one| figure(measure, one.median)).unwrap_or_default(),
                "min" => figure(measure, summary.min),
                "max" => figure(measure, summary.max),
                "rounds" => figures.samples.len().to_string(),
                _ => {
                    let factor = figures.speed_up.as_ref().map(|one| three_digits(one.factor));
                    factor.map(|factor| factor + " ×").unwrap_or_default()
                }
            }
        })),
        Standing::Seen { what } => cells.push(escaped(what)),
        _ => {}
    }
    cells.resize(columns.len(), String::new());
    cells
}

/// A text that stays in its cell.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A table whose columns line up also where it is read as plain text. The first line is its head.
pub(crate) fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let is_reason = |line: &[String]| line.get(3).is_some_and(String::is_empty);
    let width = |column: usize| {
        // The reason why there are no figures may stand out: it is alone in its line.
        let lines = lines.iter().filter(|line| column != 2 || !is_reason(line));
        lines.map(|line| line[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            let fill = " ".repeat(width.saturating_sub(cell.chars().count()));
            let is_figure = column >= 2 && columns > 3 && !is_reason(line);
            // Writing into a string cannot fail.
            let _ = match is_figure {
                true => write!(text, "| {fill}{cell} "),
                false => write!(text, "| {cell}{fill} "),
            };
        }
        text.push_str("|\n");
        if index == 0 {
            for (column, &width) in widths.iter().enumerate() {
                let right = if column >= 2 && columns > 3 { ":" } else { "-" };
                let _ = write!(text, "|{}{right}", "-".repeat(width + 1));
            }
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{header, table};
    use crate::report::schema::tests::example;

    #[test]
    fn figures_line_up_and_reasons_stand_where_figures_are_missing() {
        let expected = "\
## Count primes

`primes`. How to read it.

| contender      | from           | median |    min |    max | rounds | speed-up |
|----------------|----------------|-------:|-------:|-------:|-------:|---------:|
| the sequential | baseline       | 500 ms | 250 ms | 1.00 s |      3 |          |
| the pool       | this workspace | 125 ms | 125 ms | 250 ms |      3 |   4.00 × |
| the a          | Rust           | **hung**: the reason |        |        |        |          |
| the b          | Rust           | **died**: the reason |        |        |        |          |
| the c          | Rust           | **wrong answer**: the reason |        |        |        |          |
| the d          | Rust           | **failed**: the reason |        |        |        |          |
| the e          | Python         | missing: the reason |        |        |        |          |
";
        let written = table(&example().tables[0]);
        assert_eq!(written, expected, "{written}");
    }

    #[test]
    fn what_was_seen_stays_in_its_cell() {
        let written = table(&example().tables[1]);
        assert!(written.contains("| Python 3.13.0 | it died \\| the other lived |"), "{written}");
    }

    #[test]
    fn an_axis_has_a_column_for_each_place_and_reasons_stand_below() {
        let expected = "\
## Messages by size

`messages`. How to read it.

| contender | from           |        size: 64 B |          4 KiB |
|-----------|----------------|------------------:|---------------:|
| the pipe  | this workspace | 2.00 MB/s -50+100% | 1.00 GB/s -0+0% |
| the a     | Rust           |  500 kB/s -0+0% |       **hung** |

- the a, 4 KiB: hung: the reason
";
        let written = table(&example().tables[2]);
        let words =
            |text: &str| text.replace('-', "").split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&written), words(expected), "{written}");
    }

    #[test]
    fn the_header_names_the_machine_and_warns_of_figures_that_say_nothing() {
        let mut report = example();
        let sound = header(&report);
        for part in ["Example CPU", "Linux 6.1", "16.0 GiB", "rustc 1.95.0", "rayon 1."] {
            assert!(sound.contains(part), "{part} in {sound}");
        }
        assert!(!sound.contains("say nothing") && !sound.contains("disturbs"), "{sound}");
        report.machine.optimised = false;
        report.machine.load = Some(6.0);
        let unsound = header(&report);
        assert!(unsound.contains("say nothing") && unsound.contains("disturbs"), "{unsound}");
    }
}
