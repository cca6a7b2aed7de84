//! The page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::compare::{Change, Comparison, HOW};
use crate::report::facts::{HOW_TO_READ, TITLE, facts, origin, warnings};
use crate::report::page::lines::lines;
use crate::report::page::plot::{colour, plot};
use crate::report::pays::pays;
use crate::report::pivot::{self, Pivot};
use crate::report::schema::{Report, Row, Standing, Table};
use crate::report::units::{figure, three_digits};
use crate::workload::Measure;

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(crate) fn page(report: &Report, comparison: Option<&Comparison>) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Without it a browser would ask the server for one.
                link rel="icon" href="data:,";
                title { (TITLE) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (TITLE) }
                ul.facts { @for fact in facts(report) { li { (fact) } } }
                @for warning in warnings(report) { p.warning { (warning) } }
                p { (HOW_TO_READ) }
                p.legend {
                    @for family in ["ours", "baseline", "rust", "python"] {
                        span class=(family) { "●\u{a0}" (legend(family)) } " "
                    }
                    br;
                    "Dot: the median. Bar: from the smallest to the largest. Hollow: p99."
                }
                nav { @for table in &report.tables {
                    a href=(format!("#{}", table.name)) { (table.title) } " "
                } }
                @if let Some(comparison) = comparison { (compared(comparison)) }
                @for table in &report.tables { (section(table)) }
            }
        }
    };
    page.into_string()
}

fn legend(family: &str) -> &'static str {
    match family {
        "ours" => "this workspace",
        "baseline" => "baseline",
        "rust" => "Rust",
        _ => "Python",
    }
}

fn section(table: &Table) -> Markup {
    html! {
        section id=(table.name) {
            h2 { (table.title) }
            p { code { (table.name) } ". " (table.about) }
            @if table.axis.is_some() {
                (by_columns(table))
            } @else {
                @if let Some(plot) = plot(table, table.rows.iter()) { figure { (plot) } }
                (by_rows(table))
            }
        }
    }
}

/// A table with an axis: lines over it, or marks for each of its names.
fn by_columns(table: &Table) -> Markup {
    let pivot = Pivot::new(table);
    html! {
        @if table.axis.as_ref().is_some_and(|axis| axis.is_quantity) {
            @if let Some(lines) = lines(table) { figure { (lines) } }
        } @else {
            @for point in &pivot.points {
                @let rows = table.rows.iter().filter(|row| row.point.as_ref() == Some(point));
                @if let Some(plot) = plot(table, rows) { figure { figcaption { (point.label) } (plot) } }
            }
        }
        div.scroll { table {
            thead { tr {
                th { "contender" } th.from { "from" }
                @for (index, point) in pivot.points.iter().enumerate() {
                    th.number {
                        @if let (0, Some(axis)) = (index, &table.axis) { (axis.title) ": " }
                        (point.label)
                    }
                }
            } }
            tbody { @for line in &pivot.lines { tr {
                td { span class=(colour(line.row.family)) { "● " } (line.row.label) }
                td.from { (origin(line.row)) }
                @for cell in &line.cells {
                    @match cell {
                        Some(row) => {
                            @let (figure, rest) = pivot::cell(table.measure, row);
                            @let class = if row.figures().is_some() { "number" } else { "number trouble" };
                            td class=(class) { b { (figure) } " " small { (rest) } }
                        }
                        None => td.number { "–" },
                    }
                }
            } } }
        } }
        @let notes = [pays(table), pivot.troubles()].concat();
        @if !notes.is_empty() { ul.facts { @for note in notes { li { (note) } } } }
    }
}

fn by_rows(table: &Table) -> Markup {
    let percentiles = table.rows.iter().any(Row::has_tail);
    let compares = table.rows.iter().any(Row::has_speed_up);
    html! {
            div.scroll { table {
                thead { tr {
                    th { "contender" } th.from { "from" }
                    @if table.measure == Measure::Fact {
                        th { "what was seen" }
                    } @else {
                        th.number { "median" }
                        @if percentiles { th.number { "p99" } }
                        th.number { "min" } th.number { "max" } th.number { "rounds" }
                        @if compares { th.number { "speed-up" } }
                    }
                } }
                tbody { @for row in &table.rows { (line(table.measure, row, percentiles, compares)) } }
            } }
    }
}

fn line(measure: Measure, row: &Row, percentiles: bool, compares: bool) -> Markup {
    let columns = if measure == Measure::Fact { 1 } else { 4 };
    let columns = columns + usize::from(percentiles) + usize::from(compares);
    html! {
        tr {
            td { span class=(colour(row.family)) { "● " } (row.label) }
            td.from { (origin(row)) }
            @match &row.result {
                Standing::Measured(figures) => {
                    @let summary = figures.summary;
                    td.number { b { (figure(measure, summary.median)) } }
                    @if percentiles {
                        td.number { (figures.tail.map(|tail| figure(measure, tail.median)).unwrap_or_default()) }
                    }
                    td.number { (figure(measure, summary.min)) }
                    td.number { (figure(measure, summary.max)) }
                    td.number { (figures.samples.len()) }
                    @if compares {
                        td.number {
                            @if let Some(one) = &figures.speed_up { (three_digits(one.factor)) " ×" }
                        }
                    }
                }
                Standing::Seen { what } => td colspan=(columns) { (what) },
                other => {
                    @let (word, reason) = other.trouble().unwrap_or_default();
                    td.trouble colspan=(columns) { b { (word) } ": " (reason) }
                }
            }
        }
    }
}

fn compared(comparison: &Comparison) -> Markup {
    html! {
        section id="comparison" {
            h2 { "Compared with " (comparison.with) }
            p { (HOW) }
            @for remark in &comparison.remarks { p.warning { (remark) } }
            div.scroll { table {
                thead { tr {
                    th { "table" } th { "contender" } th.number { "before" } th.number { "now" }
                    th.number { "change" } th.number { "noise" } th { "verdict" }
                } }
                tbody { @for line in &comparison.lines {
                    @let class = if line.change == Change::Worse { "trouble" } else { "" };
                    tr class=(class) {
                        td { (line.table) } td { (line.label) }
                        td.number { (line.before) } td.number { (line.now) }
                        td.number { (line.change_text()) } td.number { (line.noise_text()) }
                        td { (line.change.word()) }
                    }
                } }
            } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::page;
    use crate::report::schema::tests::example;

    #[test]
    fn the_page_has_every_row_and_its_figures_or_why_it_has_none() {
        let page = page(&example(), None);
        for part in [
            "the sequential",
            "500 ms",
            "the pool",
            "4.00 ×",
            "<b>hung</b>: the reason",
            "<b>missing</b>: the reason",
            "it died | the other lived",
            "left is better",
            "Example CPU",
            "<b>2.00 MB/s</b> <small>-50+100%</small>",
            "size: 64 B",
            "the a, 4 KiB: hung: the reason",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }

    #[test]
    fn the_page_asks_nobody_for_anything() {
        let page = page(&example(), None);
        for part in ["http:", "https:", "<script", "@import", "url(", " src="] {
            assert!(!page.contains(part), "{part} in {page}");
        }
    }

    #[test]
    fn what_a_peer_says_is_text_and_no_markup() {
        let mut report = example();
        report.tables[0].rows[0].label = "<script>alert(1)</script>".to_owned();
        assert!(!page(&report, None).contains("<script"));
    }
}
