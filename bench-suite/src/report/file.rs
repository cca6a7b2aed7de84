//! Files that are there as they were, or whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::measure::Outcome;

/// Sees that the file can be written, before there is anything to write.
pub(crate) fn check(path: &Path) -> Outcome<()> {
    let try_out = |new: PathBuf| File::create(&new).and_then(|_| fs::remove_file(&new));
    beside(path).and_then(|new| new.map_or(Ok(()), try_out)).map_err(|error| tell(path, &error))
}

/// Writes the file. A full disk, or a death in the middle of it, leaves what was there before.
pub(crate) fn write(path: &Path, text: &str) -> Outcome<()> {
    let replace = |new: &Path| {
        let mut file = File::create(new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(new, new.with_extension(""))
    };
    let written = beside(path).and_then(|new| match new {
        None => fs::write(path, text),
        Some(new) => replace(&new).inspect_err(|_| {
            // Why it was not written says more than why this is left.
            let _ = fs::remove_file(&new);
        }),
    });
    written.map_err(|error| tell(path, &error))
}

/// Where the new file is until it is whole; `None` for what cannot be replaced, as a terminal.
fn beside(path: &Path) -> io::Result<Option<PathBuf>> {
    let path = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => return Ok(None),
        // Of a link, what it leads to.
        Ok(_) => fs::canonicalize(path)?,
        Err(_) => path.to_owned(),
    };
    let mut name = path.file_name().map(OsString::from).ok_or(io::ErrorKind::InvalidFilename)?;
    name.push(".new");
    Ok(Some(path.with_file_name(name)))
}

fn tell(path: &Path, error: &io::Error) -> Box<dyn std::error::Error> {
    format!("{}: {error}", path.display()).into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{check, write};

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for text in ["the first", "new"] {
            check(&path).unwrap();
            write(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_before_and_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write(&path, "before").unwrap();
        // In the way of the new one, as a full disk is.
        fs::create_dir(folder.path().join("a.json.new")).unwrap();
        assert!(check(&path).is_err());
        assert!(write(&path, "after").unwrap_err().to_string().contains("a.json"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        for nowhere in [folder.path(), "/nowhere/a.md".as_ref(), "".as_ref()] {
            assert!(check(nowhere).is_err(), "{nowhere:?}");
        }
    }
}
