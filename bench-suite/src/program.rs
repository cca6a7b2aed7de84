//! The program: what is asked for is measured, shown and written.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};

use crate::cli::{Arguments, Peers};
use crate::measure::Outcome;
use crate::report::{self, Comparison, Report, Saved, file};
use crate::role;
use crate::suite::Suite;

/// The exit code of a comparison in which something has become worse.
const WORSE: u8 = 3;

/// The files of `--out`.
const RESULTS: [&str; 3] = ["report.md", "report.html", "results.json"];

/// Does what the command line asks for.
///
/// The first line of the program's `main` must have been [`proc_spawn::init`].
pub fn main() -> ExitCode {
    // Its children are this program as well.
    procspawn::init();
    if let Some(code) = role::play() {
        return code;
    }
    match run(&Arguments::parse()) {
        Ok((report, comparison)) => {
            let failed = report::verdict(&report);
            failed.iter().for_each(|row| eprintln!("failed: {row}"));
            if !failed.is_empty() {
                return ExitCode::FAILURE;
            }
            let worse = comparison.iter().flat_map(Comparison::worse);
            let worse =
                worse.map(|line| eprintln!("worse: {}: {}", line.table, line.label)).count();
            if worse > 0 { ExitCode::from(WORSE) } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures; shows each table as soon as it is there.
fn run(arguments: &Arguments) -> Outcome<(Report, Option<Comparison>)> {
    // What cannot be done is told before, not after all the work.
    let place = |name: &Option<String>| {
        name.as_ref().map(|name| Saved::new(&arguments.saved, name)).transpose()
    };
    let (save, compare) = (place(&arguments.save)?, place(&arguments.compare)?);
    let before =
        compare.map(|saved| Ok::<_, Box<dyn Error>>((saved.read()?, saved))).transpose()?;
    let out = arguments.out.as_deref().map(|folder| RESULTS.map(|name| folder.join(name)));
    if let Some(folder) = &arguments.out {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let files = out.iter().flatten().chain(&arguments.publish);
    files.map(PathBuf::as_path).try_for_each(file::check)?;
    save.as_ref().map_or(Ok(()), Saved::check)?;
    let begun = Instant::now();
    let suite = Suite::new(arguments)?;
    let mut report = suite.empty_report();
    let mut text = String::new();
    show(&mut text, &report::header(&report))?;
    for workload in suite.workloads() {
        let table = suite.measure(workload, &mut |line| eprintln!("{}: {line}", workload.name))?;
        show(&mut text, &report::table(&table))?;
        report.tables.push(table);
    }
    eprintln!("all in {} s", begun.elapsed().as_secs());
    let comparison = before.map(|(before, saved)| Comparison::new(&report, saved.name(), &before));
    if let Some(comparison) = &comparison {
        show(&mut text, &comparison.markdown())?;
    }
    if let Some(saved) = save {
        saved.write(&report)?;
        eprintln!("{} is written", saved.path().display());
    }
    if let Some([markdown, page, results]) = &out {
        write(markdown, &text)?;
        write(page, &report::page(&report, comparison.as_ref()))?;
        write(results, &(serde_json::to_string_pretty(&report)? + "\n"))?;
    }
    if let Some(path) = &arguments.publish {
        write(path, &format!("{text}\nMeasured by `{}`.\n", command(arguments, &report)))?;
    }
    Ok((report, comparison))
}

/// What to type to have the same measured, wherever the results go.
fn command(arguments: &Arguments, report: &Report) -> String {
    let mut words = vec!["cargo xtask bench"];
    words.extend(arguments.quick.then_some("--quick"));
    words.extend(report.has("iceoryx2").then_some("--iceoryx2"));
    let peers = arguments.peers.to_possible_value();
    let peers = peers.as_ref().filter(|_| arguments.peers != Peers::All);
    let rest = [arguments.tiny.then_some("--tiny")].into_iter().flatten();
    let rest = rest.chain(arguments.only.iter().flat_map(|name| ["--only", name]));
    let rest: Vec<_> =
        rest.chain(peers.iter().flat_map(|peers| ["--peers", peers.get_name()])).collect();
    words.extend((!rest.is_empty()).then_some("--"));
    words.extend(rest);
    words.join(" ")
}

fn show(text: &mut String, part: &str) -> io::Result<()> {
    text.push_str(part);
    text.push('\n');
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{part}")?;
    stdout.flush()
}

fn write(path: &Path, text: &str) -> Outcome<()> {
    file::write(path, text)?;
    eprintln!("{} is written", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::command;
    use crate::cli::Arguments;
    use crate::report::example;

    #[test]
    fn the_command_that_is_published_has_what_was_measured_and_not_where_it_went() {
        let mut report = example();
        let typed = |line: &str, report: &_| {
            let arguments = ["bench-suite"].into_iter().chain(line.split_whitespace());
            command(&Arguments::parse_from(arguments), report)
        };
        let places = "--out /tmp/x --publish /tmp/y --save z --saved /tmp --python /opt/python3";
        assert_eq!(typed(&format!("--quick {places}"), &report), "cargo xtask bench --quick");
        assert_eq!(
            typed("--out=x --peers rust --only primes --only fetch", &report),
            "cargo xtask bench -- --only primes --only fetch --peers rust"
        );

        let row = &mut report.tables[0].rows[1];
        row.id = "iceoryx2".to_owned();
        assert_eq!(typed("--quick", &report), "cargo xtask bench --quick --iceoryx2");
        report.tables[0].rows[6].id = "iceoryx2".to_owned();
        report.tables[0].rows.remove(1);
        assert_eq!(typed("--quick", &report), "cargo xtask bench --quick");
    }
}
