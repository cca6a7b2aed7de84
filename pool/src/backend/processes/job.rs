//! A call as it goes to worker processes and comes back.

use std::marker::PhantomData;
use std::ops::Range;
use std::panic::AssertUnwindSafe;

use ipc::entry::Entry;
use ipc::parcel::{Decoder, Encoder};
use ipc::{DecodeError, EncodeError, SendError, Sender, Untyped};
use proc_spawn::{Call, CapturesNothing, Panic};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ledger::{LONGEST, Reader};
use super::wire::{Header, Run};
use super::worker;
use crate::backend::Named;
use crate::call::{Batch, Job, Quiet};

/// A call as the supervisor sees it.
pub(crate) trait ProcessJob: Job {
    /// Sends a chunk of it.
    fn send(
        &self,
        serial: u64,
        items: Range<usize>,
        to: &Sender<Untyped>,
    ) -> Result<(), SendError<()>>;

    /// Sends a chunk of one item, which moves into the message: if its worker dies it is gone.
    fn send_moved(
        &self,
        serial: u64,
        item: usize,
        to: &Sender<Untyped>,
    ) -> Result<(), SendError<()>>;

    /// Reads an item's result. Says whether it is one.
    fn accept(&self, index: usize, from: &mut Decoder<'_>) -> bool;

    /// Reads the results of these items, as far as they are written down, from the report of that number
    /// on. Says how many there were, and whether the last of them is none.
    fn accept_written(&self, items: Range<usize>, from: &mut Reader, number: u64) -> (usize, bool);
}

/// A function as worker processes are told of it.
pub(crate) fn for_processes<F, A, M>(function: F) -> Named<F>
where
    F: Call<A, M> + CapturesNothing,
    F::Output: Serialize,
    A: DeserializeOwned + 'static,
    M: 'static,
{
    Named::run_by::<Runs<F, A, M>>(function)
}

/// Begins a chunk's message.
fn begin<F>(
    named: &Named<F>,
    (serial, items, stops_at_failure): (u64, usize, bool),
    to: &mut Encoder,
) -> Result<(), EncodeError> {
    let (run, function) = named.names()?;
    to.put(&Header { run, serial, items, stops_at_failure })?;
    to.put(&function)
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

impl<F, A, M, R> ProcessJob for Batch<Named<F>, A, M, R>
where
    F: CapturesNothing + Send + Sync,
    A: Serialize + Send + 'static,
    M: 'static,
    R: DeserializeOwned + Send + 'static,
{
    fn send(
        &self,
        serial: u64,
        items: Range<usize>,
        to: &Sender<Untyped>,
    ) -> Result<(), SendError<()>> {
        quietly(|| {
            to.try_send_with(|message| {
                begin(&self.function, (serial, items.len(), self.stops_at_failure()), message)?;
                self.look(items, |item| match item {
                    Some(item) => message.put(item),
                    None => Err(EncodeError::new("the item has a result already")),
                })
            })
        })
    }

    fn send_moved(
        &self,
        serial: u64,
        index: usize,
        to: &Sender<Untyped>,
    ) -> Result<(), SendError<()>> {
        let Some(item) = self.begin(index) else {
            let error = EncodeError::new("the item is not to be begun");
            return Err(SendError::Encode { value: Some(()), error });
        };
        let mut kept = None;
        let sent = quietly(|| {
            let sent = to.try_send_value_with(Quiet::new(item), |message, item| {
                begin(&self.function, (serial, 1, self.stops_at_failure()), message)?;
                message.put(item.value())
            });
            sent.map_err(|unsent| match unsent {
                SendError::Disconnected(item) => {
                    kept = Some(item);
                    SendError::Disconnected(())
                }
                SendError::Full(item) | SendError::Timeout(item) => {
                    kept = Some(item);
                    SendError::Full(())
                }
                SendError::Encode { error, .. } => SendError::Encode { value: None, error },
                other => SendError::Encode { value: None, error: EncodeError::new(other) },
            })
        });
        if let Some(item) = kept {
            self.put_back(index, item.into_inner());
        }
        sent
    }

    fn accept(&self, index: usize, from: &mut Decoder<'_>) -> bool {
        let (_, failed) = self.settle_all(index..index + 1, || Some(from.take()));
        !failed
    }

    fn accept_written(&self, items: Range<usize>, from: &mut Reader, number: u64) -> (usize, bool) {
        let (mut numbers, mut buffer) = (number.., [0; LONGEST]);
        self.settle_all(items, || {
            let bytes = from.read(numbers.next()?, &mut buffer)?;
            Some(postcard::from_bytes(bytes).map_err(DecodeError::new))
        })
    }
}

/// The items' own code runs in there.
fn quietly(send: impl FnOnce() -> Result<(), SendError<()>>) -> Result<(), SendError<()>> {
    Panic::catch(AssertUnwindSafe(send)).unwrap_or_else(|panic| {
        Err(SendError::Encode { value: None, error: EncodeError::new(panic) })
    })
}
