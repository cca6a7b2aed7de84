//! The list of rules. A new rule is a file beside this one and a line here.

use super::{
    Rule, allows, arrows, futex, globs, handles, links, manifests, mapping, names, orderings,
    platform, reachable, roofs, size, sleeps, starting, stubs, syntax, unsafe_code,
};

/// Every rule, in the order in which they are told.
pub(crate) const RULES: &[Rule] = &[
    syntax::RULE,
    arrows::RULE,
    manifests::RULE,
    futex::RULE,
    mapping::RULE,
    starting::RULE,
    handles::RULE,
    platform::RULE,
    unsafe_code::RULE,
    orderings::RULE,
    size::RULE,
    reachable::RULE,
    roofs::RULE,
    globs::RULE,
    names::RULE,
    stubs::RULE,
    sleeps::RULE,
    allows::RULE,
    links::RULE,
];

#[cfg(test)]
mod tests {
    use super::RULES;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_a_reason_of_one_line() {
        let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
        for rule in RULES {
            assert!(!rule.reason.is_empty() && !rule.reason.contains('\n'), "{}", rule.name);
        }
    }

    #[test]
    fn every_rule_is_told_in_the_guide_for_contributors() {
        let guide = include_str!("../../../CONTRIBUTING.md");
        for rule in RULES {
            assert!(guide.contains(&format!("`{}`", rule.name)), "{} is not told", rule.name);
        }
    }
}
