//! There is no fork here.
#![expect(unsafe_code, reason = "it is unsafe where there is one")]

use std::io;

use ipc::rendezvous::{Invitation, Refusal};

use super::end::Reference;

/// Nothing can be copied.
///
/// # Safety
///
/// None is needed.
pub(crate) unsafe fn fork() -> io::Result<Option<(u32, Reference)>> {
    let why = "Windows cannot copy a process: start one with `Process::spawn`";
    Err(io::Error::new(io::ErrorKind::Unsupported, why))
}

/// Is never called: see [`fork`].
pub(crate) fn join(_: Invitation) -> Result<(), Refusal> {
    Err(Refusal::System("there is no fork".to_owned()))
}
