//! Every command a developer or CI runs: `cargo xtask --help`.

mod duration;
mod steps;
mod tasks;
mod tidy;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tasks::{
    Advise, Bench, Chaos, Ci, Death, Doc, Examples, Linux, Loom, Macos, Nightly, Test, Tidy, Tsan,
    Windows,
};

/// Every command a developer or CI runs.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Ci(Ci),
    Test(Test),
    Tidy(Tidy),
    Bench(Bench),
    Advise(Advise),
    Examples(Examples),
    Doc(Doc),
    Loom(Loom),
    Death(Death),
    Chaos(Chaos),
    Tsan(Tsan),
    Linux(Linux),
    Macos(Macos),
    Windows(Windows),
    Nightly(Nightly),
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    let sh = workspace::shell()?;
    match task {
        Task::Ci(task) => task.run(&sh),
        Task::Test(task) => task.run(&sh),
        Task::Tidy(task) => task.run(&sh),
        Task::Bench(task) => task.run(&sh),
        Task::Advise(task) => task.run(&sh),
        Task::Examples(task) => task.run(&sh),
        Task::Doc(task) => task.run(&sh),
        Task::Loom(task) => task.run(&sh),
        Task::Death(task) => task.run(&sh),
        Task::Chaos(task) => task.run(&sh),
        Task::Tsan(task) => task.run(&sh),
        Task::Linux(task) => task.run(&sh),
        Task::Macos(task) => task.run(&sh),
        Task::Windows(task) => task.run(&sh),
        Task::Nightly(task) => task.run(&sh),
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_says_how_long_it_takes() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_long_about().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Takes"), "{}: {help}", command.get_name());
        }
    }
}
