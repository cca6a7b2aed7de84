//! The house rules.

use crate::{
    tidy::{RULES, Rule, Tree},
    workspace::root,
};
use anyhow::{Result, bail};
use clap::Args;
use xshell::Shell;

/// Check the house rules that a machine can check
///
/// Tells each place that breaks one, as `file:line`, and why the house has the rule. Takes a second or two.
#[derive(Debug, Default, Args)]
pub(crate) struct Tidy {
    /// Tell the rules and their reasons, and check nothing
    #[arg(long)]
    list: bool,

    /// Check only these rules
    rules: Vec<String>,
}

impl Tidy {
    pub(crate) fn run(&self, _: &Shell) -> Result<()> {
        let rules = chosen(&self.rules)?;
        if self.list {
            rules.iter().for_each(|rule| println!("{:10} {}", rule.name, rule.reason));
            return Ok(());
        }
        let tree = Tree::read(&root()?)?;
        let (report, broken) = report(&rules, &tree);
        print!("{report}");
        if broken > 0 {
            bail!("the house rules are broken in {broken} places");
        }
        Ok(())
    }
}

fn chosen(names: &[String]) -> Result<Vec<Rule>> {
    if names.is_empty() {
        return Ok(RULES.to_vec());
    }
    let mut rules = Vec::new();
    for name in names {
        let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
            let known: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
            bail!("there is no rule {name:?}; the rules are {}", known.join(", "));
        };
        rules.push(*rule);
    }
    Ok(rules)
}

/// What to print, and the number of violations.
fn report(rules: &[Rule], tree: &Tree) -> (String, usize) {
    let mut report = String::new();
    let mut broken = 0;
    for rule in rules {
        let mut violations = (rule.check)(tree);
        violations.sort();
        broken += violations.len();
        if !violations.is_empty() {
            report.push_str(&format!("{}: {}\n", rule.name, rule.reason));
            violations.iter().for_each(|violation| report.push_str(&format!("  {violation}\n")));
        }
    }
    let files = tree.rust.len();
    report.push_str(&format!("{} rules, {files} Rust files, {broken} violations\n", rules.len()));
    (report, broken)
}

#[cfg(test)]
mod tests {
    use super::{chosen, report};
    use crate::tidy::Tree;

    #[test]
    fn what_is_broken_is_told_with_place_and_reason() {
        let files = vec![("a.rs".to_owned(), "fn a() {}\nuse b::*;".to_owned())];
        let rules = chosen(&["globs".to_owned(), "sleeps".to_owned()]).unwrap();
        let (text, broken) = report(&rules, &Tree::of(files));
        assert_eq!(broken, 1);
        assert!(text.starts_with("globs: every name can be traced"), "{text}");
        assert!(text.contains("  a.rs:2: a glob"), "{text}");
        assert!(text.ends_with("2 rules, 1 Rust files, 1 violations\n"), "{text}");
    }

    #[test]
    fn an_unknown_rule_is_an_error_that_names_the_known() {
        let error = chosen(&["nonsense".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("\"nonsense\"") && error.contains("arrows"), "{error}");
    }
}
