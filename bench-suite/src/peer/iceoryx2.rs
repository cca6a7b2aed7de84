//! iceoryx2, in a program of its own that is built only where it is asked for: it needs libclang and a newer
//! compiler than this workspace.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::measure::{Missing, Outcome};
use crate::peer::sys::group;
use crate::way::Carry;

const PROGRAM: &str = "bench-suite-iceoryx2";

/// Beside this program, or where this is a bench beside the folder that it is in.
fn program() -> Outcome<PathBuf> {
    let this = env::current_exe()?;
    let places = this.ancestors().skip(1).take(2).map(|folder| folder.join(PROGRAM));
    let missing =
        || Missing("it is not built: `cargo xtask bench --iceoryx2` builds it".to_owned());
    Ok(places.into_iter().find(|place| place.is_file()).ok_or_else(missing)?)
}

/// Bytes to a process, by publish and subscribe.
///
/// # Errors
///
/// Where the program is not built.
pub fn carry(size: usize) -> Outcome<Carry> {
    let mut publisher = Command::new(program()?);
    publisher.arg(size.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
    // It ends in order when its input does, and removes its files then: it is not killed with this.
    group::lead(&mut publisher);
    let mut publisher = publisher.spawn()?;
    let (Some(mut counts), Some(arrived)) = (publisher.stdin.take(), publisher.stdout.take())
    else {
        return Err("its streams were not opened".into());
    };
    let mut arrived = BufReader::new(arrived).lines();
    Ok(Box::new(move |times| {
        writeln!(counts, "{times}")?;
        Ok(arrived.next().ok_or("it has ended")??.parse()?)
    }))
}
