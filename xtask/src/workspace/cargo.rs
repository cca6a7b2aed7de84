//! Cargo, called.

use std::env;
use xshell::{Cmd, Shell};

/// The Cargo that runs this command, with these arguments.
pub(crate) fn cargo<'a>(sh: &'a Shell, arguments: &[impl AsRef<str>]) -> Cmd<'a> {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    sh.cmd(program).args(arguments.iter().map(AsRef::as_ref))
}

#[cfg(test)]
mod tests {
    use super::cargo;
    use xshell::Shell;

    #[test]
    fn arguments_arrive_as_they_are() {
        let sh = Shell::new().unwrap();
        let command = cargo(&sh, &["test", "a b", "-p"]);
        assert!(command.to_string().ends_with(r#"test "a b" -p"#), "{command}");
    }
}
