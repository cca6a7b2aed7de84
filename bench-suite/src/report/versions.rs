//! Which versions of other crates were measured.

/// The versions that this suite is built with.
const LOCK: &str = include_str!("../../../Cargo.lock");
/// Those of the peer that is a package of its own.
const ICEORYX2: &str = include_str!("../../iceoryx2/Cargo.lock");

/// The version of a package, as Cargo has locked it.
pub(crate) fn of_package(name: &str) -> Option<&'static str> {
    in_lock(LOCK, "bench-suite", name)
}

/// The version of a contender that is a package of its own, by its id.
pub(crate) fn of_its_own(id: &str) -> Option<&'static str> {
    in_lock(ICEORYX2, "bench-suite-iceoryx2", id)
}

/// The version that a package depends on. It is told there only if there are more than one of the name.
fn in_lock<'a>(lock: &'a str, user: &str, name: &str) -> Option<&'a str> {
    let package = |name: &str| {
        let mut packages = lock.split("[[package]]").map(str::trim_start);
        packages.find(|text| text.lines().next().and_then(|line| value(line, "name")) == Some(name))
    };
    let uses =
        package(user)?.lines().filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\","));
    let (_, version) = uses
        .map(|used| used.split_once(' ').unwrap_or((used, "")))
        .find(|(used, _)| *used == name)?;
    match version {
        "" => value(package(name)?.lines().nth(1)?, "version"),
        version => Some(version),
    }
}

fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::{in_lock, of_package};
    use crate::report::facts::PACKAGES;

    #[test]
    fn a_package_has_the_version_that_its_user_depends_on() {
        let package = |name, version, rest| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{rest}\n")
        };
        let lock = [
            package("rayon-core", "1.1.0", ""),
            package("rayon", "1.2.3", ""),
            package("ipc-channel", "0.22.0", ""),
            package("ipc-channel", "0.23.1", ""),
            package("suite", "0.1.0", "dependencies = [\n \"ipc-channel 0.23.1\",\n \"rayon\",\n]"),
        ]
        .join("\n");
        assert_eq!(in_lock(&lock, "suite", "rayon"), Some("1.2.3"));
        assert_eq!(in_lock(&lock, "suite", "ipc-channel"), Some("0.23.1"));
        assert_eq!(in_lock(&lock, "suite", "rayon-core"), None);
    }

    #[test]
    fn every_peer_of_the_report_has_a_version() {
        for name in PACKAGES {
            assert!(of_package(name).is_some(), "{name}");
        }
    }
}
