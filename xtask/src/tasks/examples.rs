//! The examples.

use crate::{
    duration::friendly,
    workspace::{Target, cargo, targets},
};
use anyhow::{Result, bail};
use clap::Args;
use std::time::Instant;
use xshell::Shell;

/// List the examples, or run them
///
/// Without a name it lists them. With names it runs those, and with --all every one, with optimisations, and tells how each ended.
/// Takes a minute or two from nothing for all, and seconds once they are built.
#[derive(Debug, Default, Args)]
pub(crate) struct Examples {
    /// Run every example
    #[arg(long, conflicts_with = "names")]
    all: bool,

    /// Run these
    names: Vec<String>,
}

impl Examples {
    /// All of them, run.
    pub(crate) fn every() -> Self {
        Self { all: true, names: Vec::new() }
    }

    pub(crate) fn run(&self, sh: &Shell) -> Result<()> {
        let mut examples = targets(sh)?;
        examples.retain(|target| target.kind == "example");
        if !self.all && self.names.is_empty() {
            examples.iter().for_each(|example| println!("{}: {}", example.package, example.name));
            return Ok(());
        }
        let mut failed = Vec::new();
        for example in self.chosen(&examples)? {
            println!("\n--- {}: {}", example.package, example.name);
            let start = Instant::now();
            let arguments =
                ["run", "--release", "--package", &example.package, "--example", &example.name];
            let outcome = cargo(sh, &arguments).run();
            println!("--- {} after {}", example.name, friendly(start.elapsed()));
            if outcome.is_err() {
                failed.push(example.name.as_str());
            }
        }
        if !failed.is_empty() {
            bail!("examples failed: {}", failed.join(", "));
        }
        Ok(())
    }

    fn chosen<'a>(&self, examples: &'a [Target]) -> Result<Vec<&'a Target>> {
        if self.all {
            return Ok(examples.iter().collect());
        }
        let mut chosen = Vec::new();
        for name in &self.names {
            let named: Vec<_> = examples.iter().filter(|example| example.name == *name).collect();
            if named.is_empty() {
                bail!("there is no example {name:?}; `cargo xtask examples` lists them");
            }
            chosen.extend(named);
        }
        Ok(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::Examples;
    use crate::workspace::Target;

    fn chosen(examples: &Examples) -> Result<Vec<String>, String> {
        let example = |name: &str| Target {
            package: "pool".to_owned(),
            name: name.to_owned(),
            kind: "example".to_owned(),
        };
        let all = [example("fetch"), example("primes")];
        let chosen = examples.chosen(&all).map_err(|error| error.to_string())?;
        Ok(chosen.into_iter().map(|example| example.name.clone()).collect())
    }

    #[test]
    fn all_or_the_named_examples_run() {
        assert_eq!(chosen(&Examples::every()).unwrap(), ["fetch", "primes"]);
        let named = Examples { names: vec!["primes".to_owned()], ..Examples::default() };
        assert_eq!(chosen(&named).unwrap(), ["primes"]);
    }

    #[test]
    fn an_unknown_example_is_an_error() {
        let named = Examples { names: vec!["prime".to_owned()], ..Examples::default() };
        assert!(chosen(&named).unwrap_err().contains("no example \"prime\""));
    }
}
