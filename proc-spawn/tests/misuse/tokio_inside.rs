//! No mistake: the attribute of a runtime stands below that of this crate, and `main` fails.

mod check;

use proc_spawn::{Failure, Process};

#[proc_spawn::main]
#[tokio::main]
async fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        check::expect("tokio_inside", 1, &["came to 42", "Error: invalid digit found in string"]);
        return Ok(());
    }
    let child = Process::spawn(|n: u32| 2 * n, 21)?;
    let joined = tokio::task::spawn_blocking(|| child.join()).await?;
    eprintln!("came to {}", joined?);
    "x".parse::<u32>()?;
    Ok(())
}
