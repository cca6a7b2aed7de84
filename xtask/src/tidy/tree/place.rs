//! Where in the project a file lies.

/// Which part of its crate a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    Src,
    Tests,
    Benches,
    Examples,
    /// A build script, or a file of no crate.
    Other,
}

/// The crate of `folders` that `path` belongs to, and the part of it. The innermost crate counts.
pub(crate) fn place(path: &str, folders: &[String]) -> (String, Area) {
    let inside = |folder: &&String| inner(path, folder).is_some();
    let home = folders.iter().filter(inside).max_by_key(|folder| folder.len());
    let Some(home) = home else { return (String::new(), Area::Other) };
    let area = match inner(path, home).and_then(|inner| inner.split_once('/')) {
        Some(("src", _)) => Area::Src,
        Some(("tests", _)) => Area::Tests,
        Some(("benches", _)) => Area::Benches,
        Some(("examples", _)) => Area::Examples,
        _ => Area::Other,
    };
    (home.clone(), area)
}

/// What is left of `path` below `folder`.
pub(crate) fn inner<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// `folder` and `path` as one, with `.` and `..` taken out.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The folder of a file, empty for the root.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The name of a file without its folder and extension.
pub(crate) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::{Area, folder, join, place, stem};

    #[test]
    fn a_file_belongs_to_the_innermost_crate() {
        let folders = ["a".to_owned(), "a/macros".to_owned(), "ab".to_owned()];
        assert_eq!(place("a/src/x.rs", &folders), ("a".to_owned(), Area::Src));
        assert_eq!(place("a/macros/tests/x.rs", &folders), ("a/macros".to_owned(), Area::Tests));
        assert_eq!(place("ab/benches/x.rs", &folders), ("ab".to_owned(), Area::Benches));
        assert_eq!(place("a/build.rs", &folders), ("a".to_owned(), Area::Other));
        assert_eq!(place("x.rs", &folders), (String::new(), Area::Other));
    }

    #[test]
    fn paths_are_joined_and_cut() {
        assert_eq!(join("a/b", "../c/./d.rs"), "a/c/d.rs");
        assert_eq!((folder("a/b.rs"), folder("b.rs"), stem("a/b.rs")), ("a", "", "b"));
    }
}
