//! Results that are kept under a name.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::measure::Outcome;
use crate::report::file;
use crate::report::schema::{Report, SCHEMA, VERSION};

/// A place for results of one name.
#[derive(Debug)]
pub(crate) struct Saved {
    name: String,
    path: PathBuf,
}

impl Saved {
    /// The place in this folder, which need not be there yet.
    pub(crate) fn new(folder: &Path, name: &str) -> Outcome<Saved> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
            return Err(format!("{name:?} is no name: letters, digits, - and _ make one").into());
        }
        Ok(Saved { name: name.to_owned(), path: folder.join(format!("{name}.json")) })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Sees that it can be written, and makes the folder for that.
    pub(crate) fn check(&self) -> Outcome<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|error| tell(&self.path, &error))?;
        }
        file::check(&self.path)
    }

    pub(crate) fn write(&self, report: &Report) -> Outcome<()> {
        file::write(&self.path, &(serde_json::to_string_pretty(report)? + "\n"))
    }

    /// What was written; an error that names what there is if nothing was.
    pub(crate) fn read(&self) -> Outcome<Report> {
        if !self.path.exists() {
            return Err(
                format!("nothing is kept as {:?}; kept are: {}", self.name, self.others()).into()
            );
        }
        read(&self.path)
    }

    /// The names beside it.
    fn others(&self) -> String {
        let entries = self.path.parent().and_then(|folder| fs::read_dir(folder).ok());
        let names = entries.into_iter().flatten().filter_map(|entry| {
            Some(entry.ok()?.file_name().to_str()?.strip_suffix(".json")?.to_owned())
        });
        let mut names: Vec<_> = names.collect();
        names.sort();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }
}

/// The report in a file; an error that says so if that has another schema.
pub(crate) fn read(path: &Path) -> Outcome<Report> {
    let text = fs::read_to_string(path).map_err(|error| tell(path, &error))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| tell(path, &error))?;
    let schema = &value["schema"];
    if schema["name"] != SCHEMA || schema["version"] != VERSION {
        let reason = format!("its schema is {schema}, and this suite reads version {VERSION}");
        return Err(tell(path, &reason).into());
    }
    serde_json::from_value(value).map_err(|error| tell(path, &error).into())
}

fn tell(path: &Path, what: &dyn Display) -> String {
    format!("{}: {what}", path.display())
}

#[cfg(test)]
mod tests {
    use super::Saved;
    use crate::report::schema::tests::example;

    #[test]
    fn what_is_saved_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let saved = Saved::new(&folder.path().join("new"), "main-1").unwrap();
        saved.check().unwrap();
        saved.write(&example()).unwrap();
        assert_eq!(saved.read().unwrap(), example());
    }

    #[test]
    fn another_schema_is_refused_and_so_is_what_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let saved = Saved::new(folder.path(), "old").unwrap();
        assert!(saved.read().unwrap_err().to_string().ends_with("kept are: none"));
        Saved::new(folder.path(), "main").unwrap().write(&example()).unwrap();
        let missing = saved.read().unwrap_err().to_string();
        assert_eq!(missing, "nothing is kept as \"old\"; kept are: main");
        let mut report = example();
        report.schema.version += 1;
        saved.write(&report).unwrap();
        let error = saved.read().unwrap_err().to_string();
        assert!(error.contains("old.json") && error.contains("reads version 2"), "{error}");
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        for name in ["", "..", "a/b", "../x", ".hidden"] {
            assert!(Saved::new("x".as_ref(), name).is_err(), "{name}");
        }
    }
}
