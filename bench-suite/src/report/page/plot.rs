//! The figures of a table as marks on an axis.
//!
//! Widths are parts of the whole and heights are in pixels, so that the letters stay as large on a phone.

use maud::{Markup, html};

use crate::report::page::axis::Axis;
use crate::report::schema::{Row, Table};
use crate::report::units::{self, figure};
use crate::workload::{Family, Measure};

/// The height of a row, in pixels.
const ROW: usize = 38;
/// What is left free at both ends of the axis, in per cent.
const MARGIN: f64 = 7.0;

/// The plot of those rows of a table that have figures.
pub(crate) fn plot<'a>(table: &Table, rows: impl Iterator<Item = &'a Row>) -> Option<Markup> {
    let rows: Vec<_> = rows.filter_map(|row| Some((row, row.figures()?))).collect();
    let ends = rows.iter().flat_map(|(_, one)| {
        let tail = one.tail.map(|tail| tail.median);
        [Some(one.summary.min), Some(one.summary.max), tail].into_iter().flatten()
    });
    let axis = Axis::over(ends, table.measure)?;
    let x = |value: f64| format!("{:.2}%", MARGIN + axis.place(value) * (100.0 - 2.0 * MARGIN));
    let bottom = rows.len() * ROW + 6;
    Some(html! {
        svg role="img" width="100%" height=(bottom + 40) aria-label=(format!("{}: medians", table.title)) {
            @for &tick in &axis.ticks {
                line.grid x1=(x(tick)) x2=(x(tick)) y1="0" y2=(bottom) {}
                text.tick x=(x(tick)) y=(bottom + 15) text-anchor="middle" {
                    (units::tick(table.measure, tick))
                }
            }
            @for (index, (row, figures)) in rows.iter().enumerate() {
                @let (label, y) = (index * ROW + 15, index * ROW + 27);
                @let summary = figures.summary;
                g class=(colour(row.family)) {
                    title {
                        (row.label) ": " (figure(table.measure, summary.median))
                        " (" (figure(table.measure, summary.min)) " to "
                        (figure(table.measure, summary.max)) ")"
                    }
                    text.label x="0" y=(label) { (row.label) }
                    line.bar x1=(x(summary.min)) x2=(x(summary.max)) y1=(y) y2=(y) {}
                    @for end in [summary.min, summary.max] {
                        line.bar x1=(x(end)) x2=(x(end)) y1=(y - 5) y2=(y + 5) {}
                    }
                    circle cx=(x(summary.median)) cy=(y) r="5" {}
                    @if let Some(tail) = figures.tail {
                        circle.tail cx=(x(tail.median)) cy=(y) r="4" {}
                    }
                }
            }
            line.axis x1="0" x2="100%" y1=(bottom) y2=(bottom) {}
            text.unit x="50%" y=(bottom + 34) text-anchor="middle" { (unit(table.measure)) }
        }
    })
}

/// What the axis shows.
pub(crate) fn unit(measure: Measure) -> &'static str {
    match measure {
        Measure::Seconds => "time, logarithmic: left is better",
        Measure::SecondsEach => "time of one, logarithmic: left is better",
        Measure::PerSecond => "number in a second, logarithmic: right is better",
        Measure::BytesPerSecond => "bytes in a second, logarithmic: right is better",
        Measure::BytesEach => "memory of one, logarithmic: left is better",
        Measure::Fact => "",
    }
}

/// The class of a family's marks.
pub(crate) fn colour(family: Family) -> &'static str {
    match family {
        Family::Baseline => "baseline",
        Family::Ours => "ours",
        Family::Rust => "rust",
        Family::Python => "python",
    }
}
