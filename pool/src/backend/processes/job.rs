//! A call as it goes to worker processes and comes back.

use std::marker::PhantomData;
use std::ops::Range;
use std::panic::AssertUnwindSafe;

use ipc::entry::{self, Entry, EntryError, EntryName};
use ipc::parcel::{Decoder, Encoder};
use ipc::{DecodeError, EncodeError};
use proc_spawn::{Call, CapturesNothing, Panic, Portable};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::wire::{Header, Run};
use super::worker;
use crate::batch::{Batch, Job};
use crate::error::TaskError;

/// A call as the supervisor sees it.
pub(crate) trait ProcessJob: Job {
    /// Writes a chunk's message.
    fn encode(&self, place: u8, items: Range<usize>, to: &mut Encoder) -> Result<(), EncodeError>;

    /// Reads an item's result. Says whether it is one.
    fn accept(&self, index: usize, from: &mut Decoder<'_>) -> bool;
}

/// A function that can be named to workers; or why it cannot.
pub(crate) struct Prepared<F> {
    names: Result<Names<F>, EntryError>,
}

struct Names<F> {
    run: EntryName,
    function: Portable<F>,
}

impl<F: CapturesNothing> Prepared<F> {
    pub(crate) fn new<A, M>(function: F) -> Prepared<F>
    where
        F: Call<A, M>,
        F::Output: Serialize,
        A: DeserializeOwned + 'static,
        M: 'static,
    {
        let names = || {
            let run = entry::name::<Runs<F, A, M>>()?;
            Ok(Names { run, function: Portable::new(function)? })
        };
        Prepared { names: names() }
    }
}

/// Stands in the image for what runs a chunk of `F`.
struct Runs<F, A, M>(PhantomData<(F, A, M)>);

impl<F, A, M> Entry for Runs<F, A, M>
where
    F: Call<A, M> + CapturesNothing,
    F::Output: Serialize,
    A: DeserializeOwned + 'static,
    M: 'static,
{
    type Signature = Run;
    const POINTER: Run = worker::run::<F, A, M>;
}

impl<F, A, M, R> ProcessJob for Batch<Prepared<F>, A, M, R>
where
    F: CapturesNothing + Send + Sync,
    A: Serialize + Send + 'static,
    M: 'static,
    R: DeserializeOwned + Send + 'static,
{
    fn encode(&self, place: u8, items: Range<usize>, to: &mut Encoder) -> Result<(), EncodeError> {
        let Names { run, function } = self.function.names.as_ref().map_err(EncodeError::new)?;
        let stops_at_failure = self.stops_at_failure();
        to.put(&Header { run: *run, place, items: items.len(), stops_at_failure })?;
        to.put(function)?;
        for index in items {
            let gone = || Err(EncodeError::new("the item has a result already"));
            self.look(index, |item| to.put(item)).unwrap_or_else(gone)?;
        }
        Ok(())
    }

    fn accept(&self, index: usize, from: &mut Decoder<'_>) -> bool {
        let result = match Panic::catch(AssertUnwindSafe(|| from.take::<R>())) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(TaskError::Decode(error)),
            Err(panic) => Err(TaskError::Decode(DecodeError::new(panic))),
        };
        self.settle(index, result)
    }
}
