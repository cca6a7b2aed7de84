//! The figures of a table over its axis, a line for each contender.
//!
//! Widths are parts of the whole and heights are in pixels, as in the other plots. A line is known by the letter at
//! its end, which stands before its name below, and by its stroke: there are more lines than colours that anybody can
//! tell apart.

use maud::{Markup, html};

use crate::report::page::axis::Axis;
use crate::report::page::plot::{colour, unit};
use crate::report::page::spread::spread;
use crate::report::pivot::{Line, Pivot};
use crate::report::schema::{Figures, Table};
use crate::report::units::{figure, tick};

/// The height of what is drawn, in pixels.
const HEIGHT: f64 = 320.0;
/// What is free above it.
const TOP: f64 = 8.0;
/// How far the letters are behind the ends of their lines, and from each other.
const LETTERS: f64 = 26.0;
const GAP: f64 = 13.0;
/// How far what stands at one place of the axis is apart, so that no bar hides another; all together at most so far.
const APART: f64 = 3.0;
const ALL_APART: f64 = 24.0;

/// The strokes of those that have one colour.
const DASHES: [&str; 6] = ["none", "7 3", "2 3", "10 3 2 3", "16 4", "10 3 2 3 2 3"];

/// What is drawn of a contender.
struct Drawn<'a> {
    letter: char,
    line: &'a Line<'a>,
    dash: &'static str,
    /// How far its marks are beside their place, in pixels.
    aside: f64,
    /// Where it has figures.
    marks: Vec<(usize, &'a Figures)>,
}

/// The plot of a table that has an axis of quantities, and figures.
pub(crate) fn lines(table: &Table) -> Option<Markup> {
    let pivot = Pivot::new(table);
    let figures = table.rows.iter().filter_map(|row| row.figures());
    let ends = figures.flat_map(|one| [one.summary.min, one.summary.max]);
    let axis = Axis::over(ends, table.measure)?;
    let drawn = drawn(&pivot);
    let last = pivot.points.len().saturating_sub(1);
    let x = |index: usize| match last {
        0 => "50%".to_owned(),
        _ => format!("{:.2}%", index as f64 / last as f64 * 100.0),
    };
    let y = |value: f64| TOP + (1.0 - axis.place(value)) * HEIGHT;
    let bottom = TOP + HEIGHT + 8.0;
    let title = table.axis.as_ref().map_or("", |axis| &axis.title);
    let better = unit(table.measure).replace("left", "lower").replace("right", "higher");
    Some(html! {
        figcaption { "upwards: " (better) }
        div.lines { svg role="img" width="100%" height=(bottom + 40.0) aria-label=(format!("{}: medians", table.title)) {
            @for &mark in &axis.ticks {
                line.grid x1="0" x2="100%" y1=(pixels(y(mark))) y2=(pixels(y(mark))) {}
                text.tick x="-18" y=(pixels(y(mark))) dy="4" text-anchor="end" { (tick(table.measure, mark)) }
            }
            @for (index, point) in pivot.points.iter().enumerate() {
                line.grid x1=(x(index)) x2=(x(index)) y1="0" y2=(bottom) {}
                text.tick x=(x(index)) y=(bottom + 14.0) text-anchor="middle" { (point.label) }
            }
            @for one in &drawn {
                g class=(colour(one.line.row.family)) transform=(format!("translate({:.1} 0)", one.aside)) {
                    title { (one.line.row.label) }
                    @for pair in one.marks.windows(2) {
                        line.bar stroke-dasharray=(one.dash) x1=(x(pair[0].0)) y1=(pixels(y(pair[0].1.summary.median)))
                            x2=(x(pair[1].0)) y2=(pixels(y(pair[1].1.summary.median))) {}
                    }
                    @for (index, figures) in &one.marks {
                        (mark(table, one.line, &pivot.points[*index].label, figures, &x(*index), &y))
                    }
                }
            }
            @for index in 0..pivot.points.len() { (letters(&drawn, index, &x(index), &y)) }
            text.unit x="50%" y=(bottom + 34.0) text-anchor="middle" { (title) }
        } }
        ul.key { @for one in &drawn {
            li class=(colour(one.line.row.family)) {
                svg width="34" height="10" aria-hidden="true" {
                    line.bar stroke-dasharray=(one.dash) x1="0" x2="34" y1="5" y2="5" {}
                }
                " " b { (one.letter) } " " (one.line.row.label)
            }
        } }
    })
}

/// What there is to draw; who has no figures has no letter.
fn drawn<'a>(pivot: &'a Pivot<'a>) -> Vec<Drawn<'a>> {
    let all = pivot.lines.iter().map(|line| (line, figures(line)));
    let all: Vec<_> = all.filter(|(_, marks)| !marks.is_empty()).collect();
    let gaps = all.len().saturating_sub(1).max(1) as f64;
    let apart = APART.min(ALL_APART / gaps);
    let mut drawn: Vec<Drawn<'a>> = Vec::new();
    for (letter, (line, marks)) in ('a'..='z').zip(all) {
        let alike = drawn.iter().filter(|one| one.line.row.family == line.row.family).count();
        let aside = (drawn.len() as f64 - gaps / 2.0) * apart;
        drawn.push(Drawn { letter, line, dash: DASHES[alike % DASHES.len()], aside, marks });
    }
    drawn
}

/// The median of a contender at a place, and how far the rounds went.
fn mark(
    table: &Table,
    line: &Line<'_>,
    place: &str,
    figures: &Figures,
    x: &str,
    y: &impl Fn(f64) -> f64,
) -> Markup {
    let summary = figures.summary;
    let [median, min, max] = [summary.median, summary.min, summary.max];
    let told = |value| figure(table.measure, value);
    html! {
        g {
            title { (line.row.label) ", " (place) ": " (told(median)) " (" (told(min)) " to " (told(max)) ")" }
            line.error x1=(x) x2=(x) y1=(pixels(y(min))) y2=(pixels(y(max))) {}
            @for end in [min, max] {
                // Widths are parts of the whole, so an end is a dash of the height of the line instead.
                line.cap x1=(x) x2=(x) y1=(pixels(y(end) - 0.75)) y2=(pixels(y(end) + 0.75)) {}
            }
            circle cx=(x) cy=(pixels(y(median))) r="3.5" {}
        }
    }
}

/// The letters of the lines that end at a place, none upon another, each bound to its end.
fn letters(drawn: &[Drawn<'_>], place: usize, x: &str, y: &impl Fn(f64) -> f64) -> Markup {
    let ends: Vec<_> = drawn
        .iter()
        .filter_map(|one| match one.marks.last() {
            Some((index, figures)) if *index == place => Some((one, y(figures.summary.median))),
            _ => None,
        })
        .collect();
    let wanted: Vec<f64> = ends.iter().map(|(_, y)| *y).collect();
    let places = spread(&wanted, GAP, TOP, TOP + HEIGHT);
    html! {
        svg x=(x) {
            @for ((one, end), place) in ends.iter().zip(places) {
                g class=(colour(one.line.row.family)) {
                    line.leader x1=(pixels(one.aside + 4.0)) x2=(LETTERS - 3.0) y1=(pixels(*end)) y2=(pixels(place)) {}
                    text.letter x=(LETTERS) y=(pixels(place)) dy="4" { (one.letter) }
                }
            }
        }
    }
}

/// Where a line has figures.
fn figures<'a>(line: &Line<'a>) -> Vec<(usize, &'a Figures)> {
    let cells = line.cells.iter().enumerate();
    cells.filter_map(|(index, cell)| Some((index, (*cell)?.figures()?))).collect()
}

fn pixels(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::{GAP, lines};
    use crate::report::schema::tests::example;
    use crate::report::schema::{Row, Table};

    /// The example's lines with others of the same figures beside them.
    fn crowd(count: usize) -> Table {
        let mut table = example().tables.remove(2);
        let others = (0..count).flat_map(|number| {
            let rows = example().tables.remove(2).rows.into_iter().filter(|row| row.id == "pipe");
            rows.map(move |row| Row { id: format!("pipe {number}"), ..row })
        });
        table.rows.extend(others);
        table
    }

    /// The numbers that an attribute has after each of these words.
    fn numbers(text: &str, word: &str, attribute: &str) -> Vec<f64> {
        let tags = text.split(word).skip(1).map(|tag| tag.split('>').next().unwrap());
        let value = |tag: &str| tag.split(attribute).nth(1)?.split('"').next()?.parse().ok();
        tags.filter_map(value).collect()
    }

    #[test]
    fn each_contender_has_its_letter_and_each_place_its_name() {
        let plot = lines(&example().tables[2]).unwrap().into_string();
        for part in ["<b>a</b> the pipe", "<b>b</b> the a", ">4 KiB<", ">size<", "higher is better"]
        {
            assert!(plot.contains(part), "{part} in {plot}");
        }
        assert_eq!(plot.matches("<circle").count(), 3, "{plot}");
        assert!(plot.contains("the pipe, 64 B: 2.00 MB/s (1.00 MB/s to 4.00 MB/s)"), "{plot}");
    }

    #[test]
    fn the_letters_of_lines_that_end_together_do_not_lie_upon_each_other() {
        let plot = lines(&crowd(15)).unwrap().into_string();
        let mut places = numbers(&plot, "<text class=\"letter\"", " y=\"");
        assert_eq!(places.len(), 17, "{plot}");
        // One of them ends at another place of the axis.
        places.remove(0);
        places.sort_by(f64::total_cmp);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] > GAP - 0.11), "{places:?}");
    }

    #[test]
    fn a_line_looks_in_the_key_as_it_is_drawn_and_no_two_of_a_colour_look_alike() {
        let plot = lines(&crowd(4)).unwrap().into_string();
        let (drawn, key) = plot.split_once("<ul class=\"key\">").unwrap();
        let dashes = |text: &str| -> Vec<String> {
            let parts = text.split("stroke-dasharray=\"").skip(1);
            parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
        };
        let mut key = dashes(key);
        // It has a figure at one place only, so no line.
        key.remove(1);
        assert_eq!(dashes(drawn), key);
        key.sort();
        key.dedup();
        assert_eq!(key.len(), 5, "{key:?}");
    }
}
