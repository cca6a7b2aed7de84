//! The program: what is asked for is measured, shown and written.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::Arguments;
use crate::measure::Outcome;
use crate::report::{self, Report};
use crate::role;
use crate::suite::Suite;

/// Does what the command line asks for.
///
/// The first line of the program's `main` must have been [`proc_spawn::init`].
pub fn main() -> ExitCode {
    if let Some(code) = role::play() {
        return code;
    }
    match run(&Arguments::parse()) {
        Ok(report) => {
            let failed = report::verdict(&report);
            failed.iter().for_each(|row| eprintln!("failed: {row}"));
            if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures; shows each table as soon as it is there.
fn run(arguments: &Arguments) -> Outcome<Report> {
    // A folder that cannot be made is told before, not after all the work.
    if let Some(folder) = &arguments.out {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let suite = Suite::new(arguments)?;
    let mut report = suite.empty_report();
    let mut text = String::new();
    show(&mut text, &report::header(&report))?;
    for workload in suite.workloads() {
        let table = suite.measure(workload, &mut |line| eprintln!("{}: {line}", workload.name))?;
        show(&mut text, &report::table(&table))?;
        report.tables.push(table);
    }
    if let Some(folder) = &arguments.out {
        write(folder, "report.md", &text)?;
        write(folder, "results.json", &(serde_json::to_string_pretty(&report)? + "\n"))?;
    }
    Ok(report)
}

fn show(text: &mut String, part: &str) -> io::Result<()> {
    text.push_str(part);
    text.push('\n');
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{part}")?;
    stdout.flush()
}

fn write(folder: &Path, name: &str, text: &str) -> Outcome<()> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("{} is written", path.display());
    Ok(())
}
