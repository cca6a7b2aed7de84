//! Decoding the argument of a child starts another child with such an argument, and so on for ever.

mod check;

use proc_spawn::{Failure, Process};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Serialize)]
struct Endless;

impl<'de> Deserialize<'de> for Endless {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        eprintln!("one more");
        match Process::spawn(drop::<Endless>, Endless) {
            Ok(_) => Ok(Endless),
            Err(error) => {
                eprintln!("{error}");
                Err(D::Error::custom(error))
            }
        }
    }
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        let texts = ["its function has not begun", "failed to decode its arguments"];
        check::expect("spawn_while_decoding", 1, &texts);
        return Ok(());
    }
    Process::spawn(drop::<Endless>, Endless)?.join()?;
    Ok(())
}
