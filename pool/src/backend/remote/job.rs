//! A call as it goes to workers elsewhere and comes back.

use std::marker::PhantomData;
use std::ops::Range;
use std::panic::AssertUnwindSafe;

use ipc::entry::{Entry, EntryName};
use ipc::parcel::{Decoder, Encoder};
use ipc::{DecodeError, EncodeError};
use proc_spawn::{Call, CapturesNothing, Panic, Portable};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::Bytes;

use super::wire::{Header, RunItem, Unfit};
use crate::backend::Named;
use crate::call::{Batch, Job};
use crate::executor::TaskKey;

/// What tells a task from others: two functions may each have one under the same key.
pub(super) type KnownAs = (TaskKey, (EntryName, EntryName));

/// A call as the dispatcher sees it.
pub(crate) trait RemoteJob: Job {
    /// By what its one item is known already, if it is: its key, and what runs it and its function.
    fn known_as(&self) -> Option<KnownAs>;

    /// Writes a chunk of it.
    fn load(&self, items: Range<usize>) -> Result<Vec<u8>, EncodeError>;

    /// Reads an item's result. Says whether it is one.
    fn accept(&self, index: usize, result: &[u8]) -> bool;
}

/// A function as workers elsewhere are told of it.
pub(crate) fn for_elsewhere<F, A, M>(function: F) -> Named<F>
where
    F: Call<A, M> + CapturesNothing,
    F::Output: Serialize,
    A: DeserializeOwned + 'static,
    M: 'static,
{
    Named::run_by::<RunsItem<F, A, M>>(function)
}

/// Stands in the image for what runs an item of `F`.
struct RunsItem<F, A, M>(PhantomData<(F, A, M)>);

impl<F, A, M> Entry for RunsItem<F, A, M>
where
    F: Call<A, M> + CapturesNothing,
    F::Output: Serialize,
    A: DeserializeOwned + 'static,
    M: 'static,
{
    type Signature = RunItem;
    const POINTER: RunItem = run_item::<F, A, M>;
}

fn run_item<F, A, M>(function: EntryName, item: &[u8]) -> Result<Vec<u8>, Unfit>
where
    F: Call<A, M> + CapturesNothing,
    F::Output: Serialize,
    A: DeserializeOwned,
{
    let function = Portable::<F>::try_from(function);
    let function = function.map_err(|error| Unfit::Item(DecodeError::new(error)))?;
    let item = Decoder::of_plain(item, |item| item.take::<A>()).map_err(Unfit::Item)?;
    let result = function.into_inner().call(item);
    Encoder::plain(|message| message.put(&result)).map_err(Unfit::Result)
}

impl<F, A, M, R> RemoteJob for Batch<Named<F>, A, M, R>
where
    F: Send + Sync + 'static,
    A: Serialize + Send + 'static,
    M: 'static,
    R: DeserializeOwned + Send + 'static,
{
    fn known_as(&self) -> Option<KnownAs> {
        Some((self.key()?, self.function.names().ok()?))
    }

    fn load(&self, items: Range<usize>) -> Result<Vec<u8>, EncodeError> {
        let write = || {
            let (run, function) = self.function.names()?;
            let stops_at_failure = self.stops_at_failure();
            Encoder::plain(|message| {
                message.put(&Header { run, function, items: items.len(), stops_at_failure })?;
                self.look(items, |item| {
                    let Some(item) = item else {
                        return Err(EncodeError::new("the item has a result already"));
                    };
                    message.put(Bytes::new(&Encoder::plain(|message| message.put(item))?))
                })
            })
        };
        // The items' own code runs in there.
        Panic::catch(AssertUnwindSafe(write)).unwrap_or_else(|panic| Err(EncodeError::new(panic)))
    }

    fn accept(&self, index: usize, result: &[u8]) -> bool {
        let read = || Some(Decoder::of_plain(result, |result| result.take()));
        let (_, failed) = self.settle_all(index..index + 1, read);
        !failed
    }
}
