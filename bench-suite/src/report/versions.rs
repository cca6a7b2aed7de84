//! Which versions of other crates were measured.

/// The versions that this suite is built with.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// The version of a package, as Cargo has locked it.
pub(crate) fn of_package(name: &str) -> Option<&'static str> {
    in_lock(LOCK, name)
}

fn in_lock<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = lock.lines();
    lines.find(|line| value(line, "name") == Some(name))?;
    value(lines.next()?, "version")
}

fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::{in_lock, of_package};
    use crate::report::facts::PACKAGES;

    #[test]
    fn a_package_has_the_version_that_stands_below_its_name() {
        let lock = "[[package]]\nname = \"rayon-core\"\nversion = \"1.1.0\"\n\n\
            [[package]]\nname = \"rayon\"\nversion = \"1.2.3\"\n";
        assert_eq!(in_lock(lock, "rayon"), Some("1.2.3"));
        assert_eq!(in_lock(lock, "ray"), None);
    }

    #[test]
    fn every_peer_of_the_report_has_a_version() {
        for name in PACKAGES {
            assert!(of_package(name).is_some(), "{name}");
        }
    }
}
