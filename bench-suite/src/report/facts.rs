//! What a reader has to know before the figures.

use crate::report::schema::{Report, Row};
use crate::report::units::three_digits;
use crate::report::versions;
use crate::workload::Family;

/// The peers that are crates, which this suite is built with.
pub(crate) const PACKAGES: [&str; 6] =
    ["crossbeam-channel", "ipc-channel", "parking_lot", "procspawn", "rayon", "threadpool"];

pub(crate) const TITLE: &str = "Threads and processes, measured";

pub(crate) const HOW_TO_READ: &str = "\
Each contender runs in a process of its own, warms up, and then all take turns, one round each and another \
one first every time. The median is that of the rounds; the smallest and the largest show how much else went \
on. Differences within those are none. Where a table has more columns, \
the figures are medians, and behind them stands how far below and above the smallest and the largest were. \
A row without figures says why it has none. Compare rows of one \
table: they did the same work on this machine, in this run. Other sizes and other machines are other questions.";

/// What was measured where, a sentence each.
pub(crate) fn facts(report: &Report) -> Vec<String> {
    let machine = &report.machine;
    let mut facts = vec![
        format!("{} processors to use: {}", machine.processors, machine.processor),
        format!("{} on {}", machine.system, machine.architecture),
    ];
    if let Some(memory) = machine.memory {
        facts.push(format!("{} GiB of memory", three_digits(memory as f64 / f64::from(1 << 30))));
    }
    if let Some(load) = machine.load {
        let disturbed = load > machine.processors as f64 / 2.0;
        let remark =
            if disturbed { ": others are at work, which disturbs the figures" } else { "" };
        facts.push(format!("load average before: {load}{remark}"));
    }
    let packages = PACKAGES.iter().filter_map(|name| Some((name, versions::of_package(name)?)));
    let packages: Vec<_> = packages.map(|(name, version)| format!("{name} {version}")).collect();
    facts.push(format!("{}; {}", machine.compiler, packages.join(", ")));
    facts
}

/// Why these figures say nothing, if they do not.
pub(crate) fn warnings(report: &Report) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if !report.machine.optimised {
        warnings.push("built without optimisation: these figures say nothing");
    }
    if report.settings.scale == "tiny" {
        warnings.push("next to no work was done: these figures say nothing");
    }
    warnings
}

/// Where the contender of a row comes from.
pub(crate) fn origin(row: &Row) -> String {
    match (row.family, &row.version) {
        (Family::Baseline, _) => "baseline".to_owned(),
        (Family::Ours, _) => "this workspace".to_owned(),
        (Family::Rust, Some(version)) => format!("Rust, {version}"),
        (Family::Rust, None) => "Rust".to_owned(),
        (Family::Python, Some(version)) => format!("Python {version}"),
        (Family::Python, None) => "Python".to_owned(),
    }
}
