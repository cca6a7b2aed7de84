//! What has changed since other results.

use std::fmt::Write;

use crate::report::markdown::{aligned, escaped};
use crate::report::schema::{Figures, Report, Row, Table};
use crate::report::units::{figure, three_digits};
use crate::workload::Family;

/// Less than this is no change, however little noise there is.
pub(crate) const LEAST: f64 = 0.05;
/// In at least so many pairs of a round now and a round before the same one has to be better.
const AGREE: f64 = 0.95;

/// Two results side by side.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// The name of the earlier ones.
    pub(crate) with: String,
    /// Why the two can hardly be compared.
    pub(crate) remarks: Vec<String>,
    pub(crate) lines: Vec<Line>,
}

/// How the figures are compared, for a reader.
pub(crate) const HOW: &str = "\
The change is that of the median, in speed, or in how little memory: × is better, ÷ is worse. It counts if it is more \
than 1.05 and more than the noise, which is by how much the inner half of the rounds lie apart, and if it shows in 19 \
of 20 pairs of a round now and one before.";

/// One contender, before and now.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) table: String,
    pub(crate) label: String,
    pub(crate) before: String,
    pub(crate) now: String,
    /// How many times as fast it is now, and how much of that would be noise.
    speed: Option<(f64, f64)>,
    pub(crate) change: Change,
    is_ours: bool,
}

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Better,
    Worse,
    WithinNoise,
    /// It has a figure now and had none.
    New,
    /// It had a figure and has none now.
    Lost,
}

impl Comparison {
    /// Of `now` with the results called `with`.
    pub(crate) fn new(now: &Report, with: &str, before: &Report) -> Comparison {
        let mut remarks = Vec::new();
        let (this, other) = (&now.machine, &before.machine);
        if (&this.processor, this.processors) != (&other.processor, other.processors) {
            remarks.push(format!("another machine: {} × {}", other.processors, other.processor));
        }
        if now.settings.scale != before.settings.scale || this.optimised != other.optimised {
            remarks
                .push("measured in another way: with other rounds, or built otherwise".to_owned());
        }
        let pairs = now.tables.iter().filter_map(|table| {
            let earlier = before.tables.iter().find(|one| one.name == table.name)?;
            (earlier.measure == table.measure).then_some((table, earlier))
        });
        let lines = pairs.flat_map(|(table, earlier)| lines(table, earlier)).collect();
        Comparison { with: with.to_owned(), remarks, lines }
    }

    /// What of this workspace has become worse, or is gone.
    pub(crate) fn worse(&self) -> impl Iterator<Item = &Line> {
        let worse = |line: &&Line| matches!(line.change, Change::Worse | Change::Lost);
        self.lines.iter().filter(|line| line.is_ours).filter(worse)
    }

    /// As Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("## Compared with {}\n\n{HOW}\n\n", self.with);
        for remark in &self.remarks {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "- **{remark}**\n");
        }
        let head = ["contender", "table", "before", "now", "change", "noise", "verdict"];
        let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
        rows.extend(self.lines.iter().map(|line| {
            let (label, table) = (escaped(&line.label), line.table.clone());
            let (before, now) = (line.before.clone(), line.now.clone());
            let (change, noise) = (line.change_text(), line.noise_text());
            vec![label, table, before, now, change, noise, line.change.word().to_owned()]
        }));
        text + &aligned(&rows)
    }
}

fn lines(table: &Table, earlier: &Table) -> Vec<Line> {
    let line = |row: &Row| {
        let before = earlier.row(&row.id, row.point.as_ref()).and_then(Row::figures);
        let (speed, change) = match (row.figures(), before) {
            (Some(now), Some(before)) => {
                let speed = table.measure.speed_up(now.summary.median, before.summary.median);
                let noise = spread(now) + spread(before);
                let pairs = now.samples.iter().flat_map(|&now| {
                    before.samples.iter().map(move |&before| table.measure.speed_up(now, before))
                });
                (Some((speed, noise)), judge(speed, noise, &pairs.collect::<Vec<_>>()))
            }
            (Some(_), None) => (None, Change::New),
            (None, Some(_)) => (None, Change::Lost),
            (None, None) => return None,
        };
        let text = |figures: Option<&Figures>| {
            figures.map(|one| figure(table.measure, one.summary.median))
        };
        Some(Line {
            table: table.name.clone(),
            label: row.title(),
            before: text(before).unwrap_or_else(|| "–".to_owned()),
            now: text(row.figures()).unwrap_or_else(|| "–".to_owned()),
            speed,
            change,
            is_ours: row.family == Family::Ours,
        })
    };
    table.rows.iter().filter_map(line).collect()
}

/// How far the inner half of the samples lies from their median, as a part of it.
fn spread(figures: &Figures) -> f64 {
    let mut sorted = figures.samples.clone();
    sorted.sort_by(f64::total_cmp);
    let at = |part: f64| sorted[((sorted.len() - 1) as f64 * part).round() as usize];
    if sorted.is_empty() { 0.0 } else { (at(0.75) - at(0.25)) / 2.0 / figures.summary.median }
}

/// What it means that the medians have such a speed-up and the pairs of rounds those.
fn judge(speed: f64, noise: f64, pairs: &[f64]) -> Change {
    let is_better = speed > 1.0;
    let factor = if is_better { speed } else { 1.0 / speed };
    let agree = pairs.iter().filter(|pair| **pair != 1.0 && (**pair > 1.0) == is_better).count();
    if factor <= 1.0 + noise.max(LEAST) || (agree as f64) < pairs.len() as f64 * AGREE {
        Change::WithinNoise
    } else if is_better {
        Change::Better
    } else {
        Change::Worse
    }
}

impl Line {
    pub(crate) fn change_text(&self) -> String {
        let text = |(speed, _)| match speed {
            ..1.0 => format!("÷ {}", three_digits(1.0 / speed)),
            _ => format!("× {}", three_digits(speed)),
        };
        self.speed.map(text).unwrap_or_default()
    }

    pub(crate) fn noise_text(&self) -> String {
        self.speed.map(|(_, noise)| three_digits(1.0 + noise)).unwrap_or_default()
    }
}

impl Change {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Change::Better => "better",
            Change::Worse => "worse",
            Change::WithinNoise => "no change",
            Change::New => "new",
            Change::Lost => "no figure any more",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Comparison};
    use crate::measure::Summary;
    use crate::report::schema::{Report, Standing, tests::example};
    use crate::workload::{Family, Measure};

    /// The example, in which the pool has these samples.
    fn with_pool(samples: [f64; 4]) -> Report {
        let mut report = example();
        let Standing::Measured(figures) = &mut report.tables[0].rows[1].result else {
            panic!("{report:?}");
        };
        figures.samples = samples.to_vec();
        figures.summary = Summary::of(&samples).unwrap();
        report
    }

    fn change(before: &Report, now: &Report) -> (Change, bool) {
        let comparison = Comparison::new(now, "before", before);
        let line = comparison.lines.iter().find(|line| line.label == "the pool").unwrap();
        (line.change, comparison.worse().next().is_some())
    }

    #[test]
    fn twice_the_time_is_slower_and_half_of_it_faster() {
        let (fast, slow) = (with_pool([1.0; 4]), with_pool([2.0; 4]));
        assert_eq!(change(&fast, &slow), (Change::Worse, true));
        assert_eq!(change(&slow, &fast), (Change::Better, false));
        assert_eq!(change(&slow, &slow), (Change::WithinNoise, false));
    }

    #[test]
    fn twice_the_rate_is_faster() {
        let rates = |samples| {
            let mut report = with_pool(samples);
            report.tables[0].measure = Measure::PerSecond;
            report
        };
        assert_eq!(change(&rates([1.0; 4]), &rates([2.0; 4])), (Change::Better, false));
    }

    #[test]
    fn a_change_within_the_noise_or_of_a_peer_fails_nobody() {
        let (before, now) = (with_pool([1.0, 1.0, 1.4, 1.4]), with_pool([1.2, 1.2, 1.6, 1.6]));
        assert_eq!(change(&before, &now), (Change::WithinNoise, false));
        let (fast, mut slow) = (with_pool([1.0; 4]), with_pool([2.0; 4]));
        slow.tables[0].rows[1].family = Family::Rust;
        assert_eq!(change(&fast, &slow), (Change::Worse, false));
    }

    #[test]
    fn however_much_noise_there_is_a_change_can_be_more() {
        let (before, now) = (with_pool([1.0, 1.0, 5.0, 5.0]), with_pool([10.0, 10.0, 50.0, 50.0]));
        assert_eq!(change(&before, &now), (Change::Worse, true));
        assert_eq!(change(&now, &before), (Change::Better, false));
    }

    #[test]
    fn a_change_that_only_the_medians_show_is_none() {
        let (before, now) = (with_pool([1.0, 1.0, 1.0, 3.0]), with_pool([0.9, 2.0, 2.0, 2.0]));
        assert_eq!(change(&before, &now), (Change::WithinNoise, false));
        let now = with_pool([1.9, 2.0, 2.0, 2.0]);
        let before = with_pool([1.0, 1.0, 1.0, 1.8]);
        assert_eq!(change(&before, &now), (Change::Worse, true));
    }

    #[test]
    fn a_contender_that_has_no_figure_any_more_is_worse_and_a_new_one_is_not() {
        let (before, mut now) = (example(), example());
        now.tables[0].rows[1].result = Standing::Hung { reason: "it did".to_owned() };
        assert_eq!(change(&before, &now), (Change::Lost, true));
        assert_eq!(change(&now, &before), (Change::New, false));
    }

    #[test]
    fn the_two_stand_side_by_side_and_another_machine_is_told() {
        let mut before = with_pool([1.0; 4]);
        before.machine.processor = "Other CPU".to_owned();
        let text = Comparison::new(&with_pool([2.0; 4]), "old", &before).markdown();
        assert!(text.contains("## Compared with old") && text.contains("8 × Other CPU"), "{text}");
        let line = text.lines().find(|line| line.contains("the pool")).unwrap();
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!(
            cells[1..8],
            ["the pool", "primes", "1.00 s", "2.00 s", "÷ 2.00", "1.00", "worse"]
        );
    }
}
