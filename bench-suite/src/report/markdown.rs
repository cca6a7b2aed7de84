//! The report as Markdown.

use std::fmt::Write;

use crate::report::schema::{Figures, Report, Row, Standing, Table};
use crate::report::units::{figure, three_digits};
use crate::report::versions;
use crate::workload::{Family, Measure};

/// The peers that are crates.
pub(crate) const PACKAGES: [&str; 4] = ["crossbeam-channel", "ipc-channel", "parking_lot", "rayon"];

const HOW_TO_READ: &str = "\
Each contender runs in a process of its own, warms up, and then all take turns, one round each and another \
one first every time. The median is that of the rounds; the smallest and the largest show how much else went \
on. Differences within those are none. A row without figures says why it has none. Compare rows of one \
table: they did the same work on this machine, in this run. Memory, other sizes and other machines are other \
questions.";

/// What was measured where, and how to read it.
pub(crate) fn header(report: &Report) -> String {
    let machine = &report.machine;
    let mut lines = vec![
        "# Threads and processes, measured".to_owned(),
        String::new(),
        format!("- {} processors to use: {}", machine.processors, machine.processor),
        format!("- {} on {}", machine.system, machine.architecture),
    ];
    if let Some(memory) = machine.memory {
        lines.push(format!("- {} GiB of memory", three_digits(memory as f64 / f64::from(1 << 30))));
    }
    if let Some(load) = machine.load {
        let disturbed = load > machine.processors as f64 / 2.0;
        let remark =
            if disturbed { ": others are at work, which disturbs the figures" } else { "" };
        lines.push(format!("- load average before: {load}{remark}"));
    }
    let packages = PACKAGES.iter().filter_map(|name| Some((name, versions::of_package(name)?)));
    let packages: Vec<_> = packages.map(|(name, version)| format!("{name} {version}")).collect();
    lines.push(format!("- {}; {}", machine.compiler, packages.join(", ")));
    if !machine.optimised {
        lines.push("- **built without optimisation: these figures say nothing**".to_owned());
    }
    if report.settings.scale == "tiny" {
        lines.push("- **next to no work was done: these figures say nothing**".to_owned());
    }
    lines.extend([String::new(), HOW_TO_READ.to_owned(), String::new()]);
    lines.join("\n")
}

/// One table, with what it is about.
pub(crate) fn table(table: &Table) -> String {
    let mut text = format!("## {}\n\n`{}`. {}\n\n", table.title, table.name, table.about);
    let columns: &[&str] = match table.measure {
        Measure::Fact => &["contender", "from", "what was seen"],
        _ => &["contender", "from", "median", "min", "max", "rounds", "speed-up"],
    };
    let compares = table.rows.iter().any(has_speed_up);
    let columns = if compares || table.measure == Measure::Fact { columns } else { &columns[..6] };
    let mut lines = vec![columns.iter().map(|&name| name.to_owned()).collect()];
    lines.extend(table.rows.iter().map(|row| cells(table.measure, row, columns.len())));
    text.push_str(&aligned(&lines));
    text
}

fn has_speed_up(row: &Row) -> bool {
    matches!(&row.result, Standing::Measured(Figures { speed_up: Some(_), .. }))
}

fn cells(measure: Measure, row: &Row, columns: usize) -> Vec<String> {
    let mut cells = vec![escaped(&row.label), origin(row)];
    match &row.result {
        Standing::Measured(figures) => {
            let summary = figures.summary;
            let values = [summary.median, summary.min, summary.max];
            cells.extend(values.map(|value| figure(measure, value)));
            cells.push(figures.samples.len().to_string());
            let factor = figures.speed_up.as_ref().map(|one| three_digits(one.factor) + " ×");
            cells.push(factor.unwrap_or_default());
        }
        Standing::Seen { what } => cells.push(escaped(what)),
        Standing::Missing { reason } => cells.push(format!("missing: {}", escaped(reason))),
        Standing::Hung { reason } => cells.push(format!("**hung**: {}", escaped(reason))),
        Standing::Died { reason } => cells.push(format!("**died**: {}", escaped(reason))),
        Standing::WrongAnswer { reason } => {
            cells.push(format!("**wrong answer**: {}", escaped(reason)));
        }
        Standing::Failed { reason } => cells.push(format!("**failed**: {}", escaped(reason))),
    }
    cells.resize(columns, String::new());
    cells
}

fn origin(row: &Row) -> String {
    match (row.family, &row.version) {
        (Family::Baseline, _) => "baseline".to_owned(),
        (Family::Ours, _) => "this workspace".to_owned(),
        (Family::Rust, _) => "Rust".to_owned(),
        (Family::Python, Some(version)) => format!("Python {version}"),
        (Family::Python, None) => "Python".to_owned(),
    }
}

/// A text that stays in its cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A table whose columns line up also where it is read as plain text. The first line is its head.
fn aligned(lines: &[Vec<String>]) -> String {
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
