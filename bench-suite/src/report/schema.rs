//! `results.json`: everything that was measured.
//!
//! A program that reads it looks at `schema` first. What changes the meaning of a field, renames it
//! or takes it away counts [`VERSION`] up; a new field does not.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::cli::Peers;
use crate::machine::Machine;
use crate::measure::Summary;
use crate::workload::{Axis, Family, Measure};

/// The name of the schema.
pub(crate) const SCHEMA: &str = "bench-suite results";

/// The version of the schema.
pub(crate) const VERSION: u32 = 2;

/// The whole file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) schema: Schema,
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    pub(crate) tables: Vec<Table>,
}

impl Report {
    /// One without tables.
    pub(crate) fn new(machine: Machine, settings: Settings) -> Report {
        let schema = Schema { name: SCHEMA.to_owned(), version: VERSION };
        Report { schema, machine, settings, tables: Vec::new() }
    }

    /// Whether a contender is anywhere that it takes part: a peer may not be installed.
    pub(crate) fn has(&self, id: &str) -> bool {
        let mut rows = self.tables.iter().flat_map(|table| &table.rows);
        rows.any(|row| row.id == id && !matches!(row.result, Standing::Missing { .. }))
    }
}

/// What kind of file it is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) version: u32,
}

/// How the suite was run.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// `full`, `quick`, or `tiny`, which measures nothing of worth.
    pub(crate) scale: String,
    pub(crate) peers: Peers,
    /// How many threads or processes share work for the processor.
    pub(crate) workers: usize,
}

/// One workload.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) about: String,
    pub(crate) measure: Measure,
    /// What differs between the rows of one contender, if it has more than one.
    pub(crate) axis: Option<Varied>,
    pub(crate) rows: Vec<Row>,
}

/// What a table varies.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Varied {
    pub(crate) title: String,
    /// Whether the places on it are quantities, and not only names.
    pub(crate) is_quantity: bool,
}

impl Varied {
    pub(crate) fn new(axis: &Axis) -> Varied {
        Varied { title: axis.title.to_owned(), is_quantity: axis.is_quantity() }
    }
}

/// A place on the axis of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Point {
    /// In bytes, nanoseconds or workers, or the number of the name.
    pub(crate) at: u64,
    pub(crate) label: String,
}

impl Point {
    pub(crate) fn new(axis: &Axis, at: u64) -> Point {
        Point { at, label: axis.label(at) }
    }
}

impl Table {
    /// The places on its axis, in their order.
    pub(crate) fn points(&self) -> Vec<&Point> {
        let mut points: Vec<&Point> =
            self.rows.iter().filter_map(|row| row.point.as_ref()).collect();
        points.sort_by_key(|point| point.at);
        points.dedup();
        points
    }

    /// The ids of its contenders, in their order, each with its first row.
    pub(crate) fn contenders(&self) -> Vec<&Row> {
        let mut seen = HashSet::new();
        self.rows.iter().filter(|row| seen.insert(&row.id)).collect()
    }

    /// The row of a contender at a place.
    pub(crate) fn row(&self, id: &str, point: Option<&Point>) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id && row.point.as_ref() == point)
    }
}

/// One contender, at one place of the axis if there is one.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) family: Family,
    pub(crate) point: Option<Point>,
    /// Of Python, which is known only when it runs, and of a peer that few have built.
    pub(crate) version: Option<String>,
    #[serde(flatten)]
    pub(crate) result: Standing,
}

impl Row {
    /// Its figures, if it has any.
    pub(crate) fn figures(&self) -> Option<&Figures> {
        match &self.result {
            Standing::Measured(figures) => Some(figures),
            _ => None,
        }
    }

    /// Its contender, and where on the axis it is.
    pub(crate) fn title(&self) -> String {
        match &self.point {
            Some(point) => format!("{}, {}", self.label, point.label),
            None => self.label.clone(),
        }
    }

    pub(crate) fn has_tail(&self) -> bool {
        self.figures().is_some_and(|figures| figures.tail.is_some())
    }

    pub(crate) fn has_speed_up(&self) -> bool {
        self.figures().is_some_and(|figures| figures.speed_up.is_some())
    }
}

impl Standing {
    /// In what trouble it is, in a word and with the reason.
    pub(crate) fn trouble(&self) -> Option<(&'static str, &str)> {
        match self {
            Standing::Measured(_) | Standing::Seen { .. } => None,
            Standing::Missing { reason } => Some(("missing", reason)),
            Standing::Hung { reason } => Some(("hung", reason)),
            Standing::Died { reason } => Some(("died", reason)),
            Standing::WrongAnswer { reason } => Some(("wrong answer", reason)),
            Standing::Failed { reason } => Some(("failed", reason)),
        }
    }
}

/// How a contender came off.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(crate) enum Standing {
    Measured(Figures),
    Seen {
        what: String,
    },
    /// The peer is not installed.
    Missing {
        reason: String,
    },
    /// It was killed because it did not answer.
    Hung {
        reason: String,
    },
    Died {
        reason: String,
    },
    WrongAnswer {
        reason: String,
    },
    Failed {
        reason: String,
    },
}

/// What was measured, in seconds or per second as the table's measure says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// How much work each round was.
    pub(crate) amount: u64,
    /// One for each round, in the order in which they were made.
    pub(crate) samples: Vec<f64>,
    #[serde(flatten)]
    pub(crate) summary: Summary,
    /// What 99 of 100 did not exceed in each round, where single times are taken: then the samples are medians of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tail: Option<Summary>,
    /// How many times as fast as another row.
    pub(crate) speed_up: Option<SpeedUp>,
}

/// A comparison of two medians.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SpeedUp {
    /// The id of the other row.
    pub(crate) over: String,
    pub(crate) factor: f64,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Figures, Point, Report, Row, Settings, SpeedUp, Standing, Table, Varied};
    use crate::cli::Peers;
    use crate::machine::Machine;
    use crate::measure::Summary;
    use crate::workload::{Family, Measure};

    /// With made-up figures, and all that a report can have.
    pub(crate) fn example() -> Report {
        let row = |id: &str, family, version: Option<&str>, result| Row {
            id: id.to_owned(),
            label: format!("the {id}"),
            family,
            point: None,
            version: version.map(ToOwned::to_owned),
            result,
        };
        let figures = |samples: [f64; 3], speed_up: Option<(&str, f64)>| {
            Standing::Measured(Figures {
                amount: 1000,
                samples: samples.to_vec(),
                summary: Summary::of(&samples).unwrap(),
                tail: None,
                speed_up: speed_up.map(|(over, factor)| SpeedUp { over: over.to_owned(), factor }),
            })
        };
        let reason = || "the reason".to_owned();
        let at = |at, row| {
            let label = if at == 64 { "64 B" } else { "4 KiB" };
            Row { point: Some(Point { at, label: label.to_owned() }), ..row }
        };
        let machine = Machine {
            system: "Linux 6.1".to_owned(),
            architecture: "x86_64".to_owned(),
            processor: "Example CPU".to_owned(),
            processors: 8,
            memory: Some(16 << 30),
            load: Some(0.25),
            compiler: "rustc 1.95.0".to_owned(),
            optimised: true,
            seconds_since_1970: 1_700_000_000,
        };
        let settings = Settings { scale: "quick".to_owned(), peers: Peers::All, workers: 8 };
        let tables = vec![
            Table {
                name: "primes".to_owned(),
                title: "Count primes".to_owned(),
                about: "How to read it.".to_owned(),
                measure: Measure::Seconds,
                axis: None,
                rows: vec![
                    row("sequential", Family::Baseline, None, figures([0.5, 0.25, 1.0], None)),
                    row(
                        "pool",
                        Family::Ours,
                        None,
                        figures([0.125, 0.125, 0.25], Some(("sequential", 4.0))),
                    ),
                    row("a", Family::Rust, None, Standing::Hung { reason: reason() }),
                    row("b", Family::Rust, None, Standing::Died { reason: reason() }),
                    row("c", Family::Rust, None, Standing::WrongAnswer { reason: reason() }),
                    row("d", Family::Rust, None, Standing::Failed { reason: reason() }),
                    row("e", Family::Python, None, Standing::Missing { reason: reason() }),
                ],
            },
            Table {
                name: "isolation".to_owned(),
                title: "Isolation".to_owned(),
                about: "What happened.".to_owned(),
                measure: Measure::Fact,
                axis: None,
                rows: vec![row(
                    "python",
                    Family::Python,
                    Some("3.13.0"),
                    Standing::Seen { what: "it died | the other lived".to_owned() },
                )],
            },
            Table {
                name: "messages".to_owned(),
                title: "Messages by size".to_owned(),
                about: "How to read it.".to_owned(),
                measure: Measure::BytesPerSecond,
                axis: Some(Varied { title: "size".to_owned(), is_quantity: true }),
                rows: vec![
                    at(64, row("pipe", Family::Ours, None, figures([1e6, 2e6, 4e6], None))),
                    at(64, row("a", Family::Rust, None, figures([5e5; 3], None))),
                    at(4096, row("pipe", Family::Ours, None, figures([1e9; 3], None))),
                    at(4096, row("a", Family::Rust, None, Standing::Hung { reason: reason() })),
                ],
            },
        ];
        Report { tables, ..Report::new(machine, settings) }
    }

    #[test]
    fn version_2_is_what_it_was() {
        let golden = include_str!("../../tests/golden/results-v2.json");
        let written = serde_json::to_string_pretty(&example()).unwrap();
        assert_eq!(written.trim(), golden.trim(), "written:\n{written}");
    }

    #[test]
    fn what_was_written_is_read_back() {
        let golden = include_str!("../../tests/golden/results-v2.json");
        assert_eq!(serde_json::from_str::<Report>(golden).unwrap(), example());
    }
}
