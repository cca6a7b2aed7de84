//! Processes that are killed at random.

use crate::workspace::cargo;
use anyhow::Result;
use clap::{Args, ValueEnum};
use xshell::Shell;

/// Kill processes at random while they use what a library shares
///
/// Whatever is found broken fails the run, which prints its seed at its start. The same tests run for two seconds with
/// all others. Takes as long as it is told, and the build before it.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Chaos {
    /// Whose processes
    library: Library,

    /// How long
    #[arg(long, default_value_t = 1.0, value_parser = minutes)]
    minutes: f64,

    /// Repeats a run's choices, though not the kernel's
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Library {
    /// Every primitive of sync-prims, in one mapping
    Sync,
    /// The queues, the pipes and the names of ipc, one after the other
    Ipc,
    /// The clients of a manager of ipc; and then four that live, none of whose updates may be lost
    Manager,
    /// Every member of a cluster of pool-nats; skipped where nats-server is not installed
    Nats,
    /// The workers of pools
    Pool,
    /// Families of proc-spawn, with their fork servers
    Spawn,
}

impl Chaos {
    pub(crate) fn new(library: Library, minutes: f64) -> Chaos {
        Chaos { library, minutes, seed: None }
    }

    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        let mut command = cargo(sh, &self.command());
        command = command.env("TANDEM_CHAOS_SECONDS", self.seconds().to_string());
        if let Some(seed) = self.seed {
            command = command.env("TANDEM_CHAOS_SEED", seed.to_string());
        }
        Ok(command.run()?)
    }

    fn seconds(&self) -> u64 {
        (self.minutes * 60.0).round().max(1.0) as u64
    }

    fn command(&self) -> Vec<&'static str> {
        let (package, tests): (_, &[_]) = match self.library {
            Library::Sync => ("sync-prims", &["chaos"]),
            Library::Ipc => ("ipc", &["chaos", "pipe_chaos", "named_chaos"]),
            Library::Manager => ("ipc", &["manager_chaos", "manager_soak"]),
            Library::Nats => ("pool-nats", &["chaos"]),
            Library::Pool => ("pool", &["chaos"]),
            Library::Spawn => ("proc-spawn", &["chaos"]),
        };
        let mut command = vec!["test"];
        // That of clusters waits for the server, and its libraries take minutes to build.
        if self.library != Library::Nats {
            command.push("--release");
        }
        command.extend(["--package", package]);
        command.extend(tests.iter().flat_map(|test| ["--test", test]));
        command.extend(["--", "--nocapture"]);
        command
    }
}

/// What a clock can count: no end is one that never comes.
fn minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(minutes) if (0.0..=1e6).contains(&minutes) => Ok(minutes),
        _ => Err("a number from 0 to 1000000 is wanted".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Chaos, Library, minutes};

    #[test]
    fn each_library_has_its_own_tests() {
        let command = |library| Chaos::new(library, 1.0).command().join(" ");
        let sync = "test --release --package sync-prims --test chaos -- --nocapture";
        assert_eq!(command(Library::Sync), sync);
        let tests = "--test chaos --test pipe_chaos --test named_chaos";
        let ipc = sync.replace("sync-prims", "ipc").replace("--test chaos", tests);
        assert_eq!(command(Library::Ipc), ipc);
        let tests = "--test manager_chaos --test manager_soak";
        let manager = sync.replace("sync-prims", "ipc").replace("--test chaos", tests);
        assert_eq!(command(Library::Manager), manager);
        assert_eq!(command(Library::Pool), sync.replace("sync-prims", "pool"));
        let nats = sync.replace("--release ", "").replace("sync-prims", "pool-nats");
        assert_eq!(command(Library::Nats), nats);
        assert_eq!(command(Library::Spawn), sync.replace("sync-prims", "proc-spawn"));
    }

    #[test]
    fn minutes_are_told_in_whole_seconds_and_at_least_one() {
        for (minutes, seconds) in [(10.0, 600), (0.25, 15), (0.0, 1), (-1.0, 1)] {
            assert_eq!(Chaos::new(Library::Sync, minutes).seconds(), seconds);
        }
    }

    #[test]
    fn minutes_without_end_are_refused_and_not_told_to_a_test() {
        assert_eq!((minutes("0.5"), minutes("0")), (Ok(0.5), Ok(0.0)));
        for text in ["inf", "1e30", "NaN", "-1", "soon"] {
            assert!(minutes(text).is_err(), "{text}");
        }
    }
}
