//! Functions that workers in other processes are told by name.

use std::marker::PhantomData;

use ipc::EncodeError;
use ipc::entry::{self, Entry, EntryError, EntryName};
use proc_spawn::{CapturesNothing, Portable};

/// A function that can be named to workers; or why it cannot.
pub(crate) struct Named<F> {
    names: Result<(EntryName, EntryName), EntryError>,
    _function: PhantomData<fn() -> F>,
}

impl<F: CapturesNothing> Named<F> {
    /// `Runs` stands in the image for what calls it with items.
    pub(super) fn run_by<Runs: Entry>(function: F) -> Named<F> {
        let names = || Ok((entry::name::<Runs>()?, EntryName::from(Portable::new(function)?)));
        Named { names: names(), _function: PhantomData }
    }
}

impl<F> Named<F> {
    /// The name of what runs it, and its own.
    pub(super) fn names(&self) -> Result<(EntryName, EntryName), EncodeError> {
        self.names.clone().map_err(EncodeError::new)
    }
}
