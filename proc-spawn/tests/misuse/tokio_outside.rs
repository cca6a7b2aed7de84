//! No mistake: the attribute of a runtime stands above that of this crate.

mod check;

use proc_spawn::{Failure, Process};

#[tokio::main]
#[proc_spawn::main]
async fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        check::expect("tokio_outside", 0, &["came to 42"]);
        return Ok(());
    }
    let child = Process::spawn(|n: u32| 2 * n, 21)?;
    let joined = tokio::task::spawn_blocking(|| child.join()).await?;
    eprintln!("came to {}", joined?);
    Ok(())
}
