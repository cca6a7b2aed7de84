//! What of the workspace is for which system.

use super::cargo;
use std::{
    env,
    ffi::{OsStr, OsString},
};
use xshell::{Cmd, Shell};

/// The packages that build on macOS and Windows, with all that belongs to them. Of the others a part does:
/// the rest is tests, examples and benches that do what they do by what Linux has.
pub(crate) const PORTABLE: [&str; 4] = ["sync-prims", "sync-prims-macros", "ipc-macros", "xtask"];

/// A package of which only a part runs on a system, with its suites there; none are named if all run.
type Part = (&'static str, Option<&'static [&'static str]>);

/// The same parts build on macOS and run on Windows.
///
/// What the other suites test is only on Linux, or they do it by what Linux has. `examples` starts Cargo, and one of those of
/// `proc-spawn` crashes, of which wine's debugger tells another story.
const PARTS: [Part; 5] = [
    ("ipc", None),
    ("proc-spawn", Some(&STARTS)),
    ("pool", Some(&DELEGATES)),
    // Its suites start a server and kill it by what Linux has.
    ("pool-nats", Some(&[])),
    ("bench-suite", None),
];

/// The suites of `proc-spawn` that need nothing of Linux.
const STARTS: [&str; 21] = [
    "authkey",
    "behaviour",
    "chaos",
    "failure",
    "given",
    "life",
    "logs",
    "misuse_init_never_reached",
    "misuse_init_twice",
    "misuse_no_init",
    "misuse_recursion",
    "misuse_spawn_at_exit",
    "misuse_spawn_before_init",
    "misuse_spawn_while_decoding",
    "outcomes",
    "surface",
    "threads",
    "tokio_inside",
    "tokio_outside",
    "windows",
    "windows_console",
];

/// The same of `pool`.
const DELEGATES: [&str; 14] = [
    "behaviour",
    "chaos",
    "deaths",
    "endings",
    "keeps_contract",
    "lazy",
    "messages",
    "misuse_no_init",
    "model",
    "progress",
    "remote",
    "settings",
    "starts",
    "tasks",
];

/// What Cargo is told of each of these packages: not to build its examples and doctests, which may start processes by
/// what Linux has.
pub(crate) fn parts_on(system: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let parts = if matches!(system, "windows" | "macos") { &PARTS[..] } else { &[] };
    parts.iter().map(|&(package, suites)| {
        let mut arguments = vec!["--package", package, "--lib", "--all-features"];
        match suites {
            Some(suites) => arguments.extend(suites.iter().flat_map(|suite| ["--test", *suite])),
            None => arguments.push("--tests"),
        }
        arguments
    })
}

/// And what Clippy is told. For the GNU target, thread-local constants expand to something that it takes for none.
pub(crate) const LINTS_ON_WINDOWS: [&str; 5] =
    ["--", "--deny", "warnings", "--allow", "clippy::missing_const_for_thread_local"];

/// Whether every package builds on this machine.
pub(crate) fn all_build_here() -> bool {
    env::consts::OS == "linux"
}

/// The arguments of Cargo that choose the packages of [`PORTABLE`].
pub(crate) fn portable_packages() -> Vec<&'static str> {
    PORTABLE.iter().flat_map(|package| ["--package", *package]).collect()
}

/// A Cargo that builds for another system than this machine's.
#[derive(Debug)]
pub(crate) enum ForeignCargo {
    /// It was named, and knows by itself for what it builds and how that is run.
    Named(OsString),
    /// The one that runs this command, for a target whose standard library is installed. What it
    /// builds can be checked and need not link.
    Target(&'static str),
}

impl ForeignCargo {
    /// The one that an environment variable names, else rustup's, if it has the target.
    pub(crate) fn find(sh: &Shell, variable: &str, target: &'static str) -> Option<Self> {
        if let Some(named) = env::var_os(variable).filter(|named| !named.is_empty()) {
            return Some(Self::Named(named));
        }
        // A sysroot without rustup has no list, and says where its targets lie.
        let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let library = sh.cmd(compiler).args(["--print", "target-libdir", "--target", target]);
        let library = library.quiet().ignore_stderr().read().ok()?;
        sh.path_exists(library.trim()).then_some(Self::Target(target))
    }

    /// A call of it: the sub-command, then the rest.
    pub(crate) fn call<'a>(&self, sh: &'a Shell, subcommand: &str, rest: &[&str]) -> Cmd<'a> {
        match self {
            // Its own compiler goes with that Cargo, not the one that built this.
            Self::Named(program) => {
                let command = sh.cmd(program).arg(subcommand).args(rest);
                command.env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN")
            }
            Self::Target(target) => cargo(sh, &[&[subcommand, "--target", target], rest].concat()),
        }
    }

    /// Whether what it builds can be run.
    pub(crate) fn runs(&self) -> bool {
        matches!(self, Self::Named(_))
    }
}

/// How to get such a Cargo, for one who has none.
pub(crate) fn how_to_get(variable: &OsStr, target: &str) -> String {
    let variable = variable.display();
    format!(
        "skipped: `rustup target add {target}` makes it a check, and {variable} may name a Cargo that builds for \
         {target} by itself"
    )
}

#[cfg(test)]
mod tests {
    use super::{ForeignCargo, how_to_get, parts_on, portable_packages};
    use std::ffi::OsStr;
    use xshell::Shell;

    #[test]
    fn a_named_cargo_is_told_no_target_and_rustups_is() {
        let sh = Shell::new().unwrap();
        let named = ForeignCargo::Named("cargo-for-elsewhere".into());
        assert_eq!(
            named.call(&sh, "test", &["-p", "a"]).to_string(),
            "cargo-for-elsewhere test -p a"
        );
        let target = ForeignCargo::Target("aarch64-apple-darwin");
        let command = target.call(&sh, "clippy", &["-p", "a"]).to_string();
        assert!(command.ends_with("clippy --target aarch64-apple-darwin -p a"), "{command}");
        assert!(named.runs() && !target.runs());
    }

    #[test]
    fn a_target_that_nobody_has_is_not_found() {
        let sh = Shell::new().unwrap();
        assert!(ForeignCargo::find(&sh, "TANDEM_NO_SUCH_CARGO", "vax-dec-vms").is_none());
    }

    #[test]
    fn who_has_none_is_told_both_ways_to_get_one() {
        let how = how_to_get(OsStr::new("TANDEM_X"), "aarch64-apple-darwin");
        assert!(how.starts_with("skipped: `rustup target add aarch64-apple-darwin`"), "{how}");
        assert!(how.contains("TANDEM_X may name"), "{how}");
    }

    #[test]
    fn the_suites_of_a_package_are_named_or_all_run() {
        let all: Vec<_> = parts_on("windows").map(|it| it.join(" ")).collect();
        assert_eq!(all[0], "--package ipc --lib --all-features --tests");
        assert!(all[1].starts_with("--package proc-spawn --lib --all-features --test authkey"));
    }

    #[test]
    fn the_portable_packages_are_chosen_one_by_one() {
        let chosen = portable_packages().join(" ");
        assert!(chosen.starts_with("--package sync-prims --package "), "{chosen}");
    }
}
