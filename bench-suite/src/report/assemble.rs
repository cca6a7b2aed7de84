//! From what was measured to the rows of a table.

use crate::measure::{Course, Series, Summary, Trouble};
use crate::report::schema::{Figures, Point, Report, Row, SpeedUp, Standing};
use crate::report::versions;
use crate::workload::{Contender, Family, Measure};

/// Rows of a table, one for each contender and what came of it at a place of the axis.
pub(crate) fn rows(
    measure: Measure,
    point: Option<&Point>,
    courses: Vec<(&Contender, Course)>,
) -> Vec<Row> {
    let row = |(contender, course): (&Contender, Course)| Row {
        id: contender.id.to_owned(),
        label: contender.label.to_owned(),
        family: contender.family,
        point: point.cloned(),
        version: course.version.or_else(|| {
            let is_missing = matches!(course.result, Err(Trouble::Missing(_)));
            versions::of_its_own(contender.id).filter(|_| !is_missing).map(ToOwned::to_owned)
        }),
        result: standing(measure, point, course.result),
    };
    courses.into_iter().map(row).collect()
}

/// Compares each row with that of the contender which it is measured against: the one at the same place of
/// the axis, or where that has only one, with that.
pub(crate) fn speed_ups(measure: Measure, contenders: &[Contender], rows: &mut [Row]) {
    for index in 0..rows.len() {
        let contender = contenders.iter().find(|one| one.id == rows[index].id);
        let Some(against) = contender.and_then(|one| one.against) else { continue };
        let others = || rows.iter().filter(|row| row.id == against);
        let same = others().find(|row| row.point == rows[index].point).or_else(|| others().next());
        let Some(other) = same.and_then(median) else { continue };
        if let Standing::Measured(figures) = &mut rows[index].result {
            let factor = measure.speed_up(figures.summary.median, other);
            figures.speed_up = Some(SpeedUp { over: against.to_owned(), factor });
        }
    }
}

fn median(row: &Row) -> Option<f64> {
    Some(row.figures()?.summary.median)
}

fn standing(measure: Measure, point: Option<&Point>, result: Result<Series, Trouble>) -> Standing {
    let series = match result {
        Ok(series) => series,
        Err(trouble) => return in_trouble(&trouble),
    };
    if measure == Measure::Fact {
        return match series.seen {
            Some(what) => Standing::Seen { what },
            None => Standing::Failed { reason: "nothing was seen".to_owned() },
        };
    }
    let Series { amount, costs, tails, .. } = series;
    let at = point.map(|point| point.at);
    let figure = |cost: &f64| measure.figure(*cost, amount, at);
    let samples: Vec<f64> = costs.iter().map(figure).collect();
    let tails: Vec<f64> = tails.iter().map(figure).collect();
    let tail = Summary::of(&tails);
    match Summary::of(&samples) {
        Some(summary) => {
            Standing::Measured(Figures { amount, samples, summary, tail, speed_up: None })
        }
        None => Standing::Failed { reason: "it made no round".to_owned() },
    }
}

fn in_trouble(trouble: &Trouble) -> Standing {
    let text = trouble.to_string();
    let reason = text.split_once(": ").map_or(&*text, |(_, reason)| reason).to_owned();
    match trouble {
        Trouble::Missing(_) => Standing::Missing { reason },
        Trouble::Hung { .. } => Standing::Hung { reason },
        Trouble::Died { .. } => Standing::Died { reason },
        Trouble::Wrong { .. } => Standing::WrongAnswer { reason },
        Trouble::Failed(_) => Standing::Failed { reason },
    }
}

/// The rows that make the run a failure: whoever gave a wrong answer, and who of this workspace did
/// not finish. A peer that is missing, hangs or dies is a finding.
pub(crate) fn verdict(report: &Report) -> Vec<String> {
    let rows =
        report.tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row)));
    let failed = rows.filter(|(_, row)| match row.result {
        Standing::Measured(_) | Standing::Seen { .. } | Standing::Missing { .. } => false,
        Standing::WrongAnswer { .. } => true,
        Standing::Hung { .. } | Standing::Died { .. } | Standing::Failed { .. } => {
            matches!(row.family, Family::Baseline | Family::Ours)
        }
    });
    failed.map(|(table, row)| format!("{}: {}", table.name, row.title())).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{rows, speed_ups, verdict};
    use crate::measure::{Course, Series, Trouble};
    use crate::peer::sequential;
    use crate::report::facts::origin;
    use crate::report::schema::{Figures, Point, Standing, tests::example};
    use crate::workload::{Contender, Family, How, Measure};

    const SLOW: Contender =
        Contender::new(Family::Baseline, "slow", "slow", How::Rust(sequential::primes));
    const FAST: Contender =
        Contender::new(Family::Ours, "fast", "fast", How::Rust(sequential::primes)).against("slow");

    fn measured(costs: &[f64]) -> Course {
        let series = Series { amount: 10, costs: costs.to_vec(), tails: Vec::new(), seen: None };
        Course { version: None, result: Ok(series) }
    }

    fn figures(standing: &Standing) -> &Figures {
        let Standing::Measured(figures) = standing else { panic!("{standing:?}") };
        figures
    }

    #[test]
    fn a_speed_up_compares_the_medians() {
        let courses =
            || vec![(&FAST, measured(&[1.0, 2.0, 9.0])), (&SLOW, measured(&[7.0, 8.0, 9.0]))];
        let rows = |measure, courses| {
            let mut rows = rows(measure, None, courses);
            speed_ups(measure, &[FAST, SLOW], &mut rows);
            rows
        };
        let times = rows(Measure::Seconds, courses());
        assert_eq!(figures(&times[0].result).speed_up.as_ref().unwrap().factor, 4.0);
        assert_eq!(figures(&times[1].result).speed_up, None);
        let rates = rows(Measure::PerSecond, courses());
        assert_eq!(figures(&rates[0].result).samples, [10.0, 5.0, 10.0 / 9.0]);
        assert_eq!(figures(&rates[0].result).speed_up.as_ref().unwrap().factor, 4.0);
    }

    #[test]
    fn one_that_stands_at_a_single_place_is_compared_with_at_all() {
        let at = |at: u64| Point { at, label: at.to_string() };
        let mut all = rows(Measure::Seconds, Some(&at(1)), vec![(&SLOW, measured(&[8.0]))]);
        all.extend(rows(Measure::Seconds, Some(&at(2)), vec![(&FAST, measured(&[4.0]))]));
        speed_ups(Measure::Seconds, &[SLOW, FAST], &mut all);
        assert_eq!(figures(&all[1].result).speed_up.as_ref().unwrap().factor, 2.0);
    }

    #[test]
    fn there_is_no_speed_up_over_one_that_has_no_figure() {
        let trouble = Trouble::Hung { after: Duration::from_secs(20), during: "in a round" };
        let hung = Course { version: None, result: Err(trouble) };
        let mut rows = rows(Measure::Seconds, None, vec![(&SLOW, hung), (&FAST, measured(&[1.0]))]);
        speed_ups(Measure::Seconds, &[SLOW, FAST], &mut rows);
        let Standing::Hung { reason } = &rows[0].result else { panic!("{rows:?}") };
        assert_eq!(reason, "killed after 20 s in a round");
        assert_eq!(figures(&rows[1].result).speed_up, None);
    }

    #[test]
    fn the_version_of_a_peer_that_few_have_stands_where_it_took_part() {
        const ICEORYX2: Contender =
            Contender::new(Family::Rust, "iceoryx2", "iceoryx2", How::Rust(sequential::primes));
        let trouble = Trouble::Missing("it is not built".to_owned());
        let missing = Course { version: None, result: Err(trouble) };
        let courses = vec![(&ICEORYX2, measured(&[1.0])), (&FAST, measured(&[1.0]))];
        let rows = [courses, vec![(&ICEORYX2, missing)]]
            .map(|courses| rows(Measure::Seconds, None, courses));
        let version = rows[0][0].version.as_deref().unwrap();
        assert!(version.starts_with("0."), "{version}");
        assert_eq!(origin(&rows[0][0]), format!("Rust, {version}"));
        assert_eq!((&rows[0][1].version, &rows[1][0].version), (&None, &None));
    }

    #[test]
    fn wrong_answers_and_failures_of_ours_fail_the_run_and_those_of_peers_do_not() {
        let mut report = example();
        assert_eq!(verdict(&report), ["primes: the c"]);
        report.tables[0].rows[2].family = Family::Ours;
        assert_eq!(verdict(&report), ["primes: the a", "primes: the c"]);
    }
}
