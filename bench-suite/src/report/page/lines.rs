//! The figures of a table over its axis, a line for each contender.
//!
//! As in the other plots, widths are parts of the whole, so that the letters stay as large on a phone. A line
//! is known by the letter at its end, which stands before its name below: there are more lines than colours
//! that anybody can tell apart.

use maud::{Markup, html};

use crate::report::page::axis::Axis;
use crate::report::page::plot::{colour, unit};
use crate::report::pivot::{Line, Pivot};
use crate::report::schema::{Figures, Table};
use crate::report::units::figure;

/// The height of what is drawn, in pixels.
const HEIGHT: f64 = 320.0;
/// What is left free at both sides, in per cent.
const LEFT: f64 = 14.0;
const RIGHT: f64 = 6.0;

/// The strokes of those that have one colour.
const DASHES: [&str; 4] = ["none", "7 3", "2 3", "10 3 2 3"];

/// How many before this line are of its family, and have its colour.
fn before(lines: &[Line<'_>], index: usize) -> usize {
    let family = lines[index].row.family;
    lines[..index].iter().filter(|line| line.row.family == family).count()
}

/// The plot of a table that has an axis of quantities, and figures.
pub(crate) fn lines(table: &Table) -> Option<Markup> {
    let pivot = Pivot::new(table);
    let figures = table.rows.iter().filter_map(|row| row.figures());
    let axis = Axis::over(figures.flat_map(|one| [one.summary.min, one.summary.max]))?;
    let y = |value: f64| format!("{:.1}", 8.0 + (1.0 - axis.place(value)) * HEIGHT);
    let last = pivot.points.len().saturating_sub(1).max(1) as f64;
    let x = |index: usize| format!("{:.2}%", LEFT + index as f64 / last * (100.0 - LEFT - RIGHT));
    let bottom = HEIGHT + 16.0;
    let title = table.axis.as_ref().map_or("", |axis| &axis.title);
    Some(html! {
        svg role="img" width="100%" height=(bottom + 40.0) aria-label=(format!("{}: medians", table.title)) {
            @for &tick in &axis.ticks {
                line.grid x1=(format!("{LEFT}%")) x2="100%" y1=(y(tick)) y2=(y(tick)) {}
                text.tick x="0" y=(y(tick)) dy="4" { (figure(table.measure, tick)) }
            }
            @for (index, point) in pivot.points.iter().enumerate() {
                line.grid x1=(x(index)) x2=(x(index)) y1="0" y2=(bottom) {}
                text.tick x=(x(index)) y=(bottom + 14.0) text-anchor="middle" { (point.label) }
            }
            @for (index, (letter, line)) in letters().zip(&pivot.lines).enumerate() {
                @let dash = DASHES[before(&pivot.lines, index) % DASHES.len()];
                @let marks = marks(line);
                g class=(colour(line.row.family)) {
                    title { (line.row.label) }
                    @for pair in marks.windows(2) {
                        line.bar stroke-dasharray=(dash) x1=(x(pair[0].0)) y1=(y(pair[0].1.summary.median))
                            x2=(x(pair[1].0)) y2=(y(pair[1].1.summary.median)) {}
                    }
                    @for (index, figures) in &marks {
                        @let summary = figures.summary;
                        line.error x1=(x(*index)) x2=(x(*index)) y1=(y(summary.min)) y2=(y(summary.max)) {}
                        circle cx=(x(*index)) cy=(y(summary.median)) r="3.5" {}
                    }
                    @if let Some((index, figures)) = marks.last() {
                        text.letter x=(x(*index)) dx="8" y=(y(figures.summary.median)) dy="4" { (letter) }
                    }
                }
            }
            text.unit x="50%" y=(bottom + 34.0) text-anchor="middle" { (title) }
        }
        figcaption {
            "upwards: " (unit(table.measure, false).replace("left", "lower").replace("right", "higher"))
            @for (letter, line) in letters().zip(&pivot.lines) {
                "; " span class=(colour(line.row.family)) { b { (letter) } " " (line.row.label) }
            }
        }
    })
}

/// Where a line has figures.
fn marks<'a>(line: &Line<'a>) -> Vec<(usize, &'a Figures)> {
    let cells = line.cells.iter().enumerate();
    cells.filter_map(|(index, cell)| Some((index, (*cell)?.figures()?))).collect()
}

fn letters() -> impl Iterator<Item = char> {
    'a'..='z'
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::report::schema::tests::example;

    #[test]
    fn each_contender_has_its_letter_and_each_place_its_name() {
        let plot = lines(&example().tables[2]).unwrap().into_string();
        for part in ["<b>a</b> the pipe", "<b>b</b> the a", ">4 KiB<", ">size<", "higher is better"]
        {
            assert!(plot.contains(part), "{part} in {plot}");
        }
        assert_eq!(plot.matches("<circle").count(), 3, "{plot}");
    }
}
