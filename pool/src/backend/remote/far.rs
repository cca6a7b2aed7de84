//! What is done with a load where the workers are.

use std::ops::ControlFlow;
use std::sync::Arc;

use ipc::DecodeError;
use ipc::entry::{self, EntryName};
use ipc::parcel::{Decoder, Encoder};
use proc_spawn::Whole;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::wire::{Answer, Header, RunItem, Unfit};
use crate::backend::{ProcessJob, for_processes};
use crate::call::{Batch, Job, Results};
use crate::error::TaskError;
use crate::process_pool::ProcessPool;
use crate::task::{Outcome, Task};

/// An item of a load, for a local worker.
#[derive(Debug, Serialize, Deserialize)]
struct Piece {
    run: EntryName,
    function: EntryName,
    item: ByteBuf,
}

type Worked = Result<ByteBuf, Unfit>;

fn work(Piece { run, function, item }: Piece) -> Worked {
    let run =
        entry::resolve::<RunItem>(run).map_err(|error| Unfit::Item(DecodeError::new(error)))?;
    run(function, &item).map(ByteBuf::from)
}

/// Has the items of a load run by a pool of processes. What comes of it is the answer, in bytes.
pub(crate) fn run(pool: &ProcessPool, load: &[u8]) -> Result<Task<Vec<u8>>, DecodeError> {
    let (header, pieces) = Decoder::of_plain(load, |message| {
        let header: Header = message.take()?;
        let Header { run, function, items, .. } = header;
        let pieces = (0..items).map(|_| Ok(Piece { run, function, item: message.take()? }));
        let pieces = pieces.collect::<Result<Vec<_>, DecodeError>>()?;
        Ok((header, pieces))
    })?;
    let running = pool.running();
    let function = Arc::new(for_processes::<_, Piece, Whole>(work));
    let results = running.call(pieces.into_iter(), header.stops_at_failure, |slots, mode| {
        let batch = Arc::new(Batch::<_, _, Whole, _>::new(function, slots, mode));
        (Arc::clone(&batch) as Arc<dyn ProcessJob>, batch as Arc<dyn Results<Worked>>)
    });
    Ok(Task::new(Arc::new(Ran(results)), running.host()))
}

/// The answer that all items of a load have this error.
pub(crate) fn refuse(error: TaskError) -> Vec<u8> {
    encode(&Answer::All(error))
}

fn encode(answer: &Answer) -> Vec<u8> {
    let written = Encoder::plain(|message| message.put(answer));
    written.expect("an answer is bytes and errors, which can always be written")
}

/// A load that is being run.
struct Ran(Arc<dyn Results<Worked>>);

impl Outcome<Vec<u8>> for Ran {
    fn job(&self) -> &dyn Job {
        &*self.0
    }

    fn take(&self) -> Result<Vec<u8>, TaskError> {
        if self.0.ended().was_cancelled() {
            return Err(TaskError::Cancelled);
        }
        let mut items = Vec::with_capacity(self.0.len());
        let mut all_left_alone = true;
        self.0.take_all(&mut |outcome| {
            all_left_alone &= outcome.is_none();
            items.push(outcome.map(|outcome| match outcome? {
                Ok(result) => Ok(result),
                Err(Unfit::Item(error)) => Err(TaskError::Decode(error)),
                Err(Unfit::Result(error)) => Err(TaskError::Encode(error)),
            }));
            ControlFlow::Continue(())
        });
        // Nothing was begun: the pool has ended.
        if all_left_alone {
            Err(self.0.ended().verdict())
        } else {
            Ok(encode(&Answer::Items(items)))
        }
    }
}
