//! The peer iceoryx2 of bench-suite: a package of no workspace, since it needs libclang and a newer compiler.

use super::cargo;
use anyhow::Result;
use std::{
    env,
    io::{self, Write},
};
use xshell::{Cmd, Shell};

const MANIFEST: &str = "bench-suite/iceoryx2/Cargo.toml";

/// Where bench-suite finds it, beside itself.
pub(crate) fn build(sh: &Shell) -> Result<()> {
    Ok(compile(sh, "build", &["--release"]).run()?)
}

/// Checks its format, for which nothing is compiled.
pub(crate) fn format(sh: &Shell) -> Result<()> {
    Ok(cargo(sh, &["fmt", "--check", "--manifest-path", MANIFEST]).run()?)
}

/// Lints it where libclang is, and says so where it is not.
pub(crate) fn lint(sh: &Shell) -> Result<()> {
    // What Debian installs is listed; bindgen looks where the variable says first.
    let listed = sh.cmd("/sbin/ldconfig").arg("-p").quiet().ignore_stderr().read();
    if env::var_os("LIBCLANG_PATH").is_none() && !listed.is_ok_and(|list| has_libclang(&list)) {
        let line = "skipped: there is no libclang (apt-get install libclang-dev, or LIBCLANG_PATH)";
        writeln!(io::stdout(), "{line}")?;
        return Ok(());
    }
    Ok(compile(sh, "clippy", &["--all-targets", "--", "--deny", "warnings"]).run()?)
}

fn compile<'a>(sh: &'a Shell, subcommand: &str, rest: &[&str]) -> Cmd<'a> {
    let target = env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let package = ["--locked", "--manifest-path", MANIFEST, "--target-dir", &target];
    cargo(sh, &[&[subcommand], &package[..], rest].concat())
}

/// Whether the linker's list of libraries has it: its C++ side, libclang-cpp, is another.
fn has_libclang(list: &str) -> bool {
    let names = list.lines().filter_map(|line| line.trim().strip_prefix("libclang"));
    let mut names = names.map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    names.any(|rest| rest.starts_with(|first: char| first == '.' || first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::has_libclang;

    #[test]
    fn libclang_is_known_by_its_names_and_not_by_those_of_others() {
        for name in ["libclang.so", "libclang.so.1", "libclang-14.so.13"] {
            let list = format!(
                "2 libs found in cache\n\tlibc.so.6 (libc6) => /c\n\t{name} (libc6) => /x\n"
            );
            assert!(has_libclang(&list), "{name}");
        }
        assert!(!has_libclang("\tlibclang-cpp.so.14 (libc6,x86-64) => /lib/libclang-cpp.so.14\n"));
        assert!(!has_libclang(""));
    }
}
