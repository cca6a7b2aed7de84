//! What a worker process does.

use std::panic::AssertUnwindSafe;
use std::process;

use ipc::parcel::Decoder;
use ipc::{DecodeError, EncodeError, Receiver, RecvError, SendError, Sender, Untyped, entry};
use proc_spawn::{Call, CapturesNothing, Panic, Portable};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::control::Control;
use super::wire::{Header, Report, Run, Word};
use crate::batch::drop_quietly;
use crate::initializer::ForProcesses;

/// What a worker is given.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kit {
    pub(super) chunks: Receiver<Untyped>,
    pub(super) outlet: Outlet,
}

/// The way back to the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Outlet {
    pub(super) seat: usize,
    pub(super) reports: Sender<Untyped>,
    pub(super) control: Control,
}

/// The function that a worker process runs. Returns once the pool wants nothing more of it.
pub(super) fn serve<I: ForProcesses>(kit: Kit, initializer: I::Message) {
    let Kit { chunks, outlet } = kit;
    match I::run(initializer) {
        Ok(()) => outlet.say(Word::Ready),
        Err(panic) => return outlet.say(Word::NotReady(panic)),
    }
    let mut known = None;
    loop {
        let served = chunks.recv_with(|message| {
            let header: Header = message.take()?;
            let run = match known {
                Some((name, run)) if name == header.run => run,
                _ => entry::resolve::<Run>(header.run).map_err(DecodeError::new)?,
            };
            known = Some((header.run, run));
            if outlet.control.begin(header.place) {
                run(message, &header, &outlet);
            } else {
                outlet.say(Word::Rest);
            }
            Ok(())
        });
        match served {
            Ok(()) => {}
            Err(RecvError::Disconnected) => return,
            // The supervisor counts on a report for each item, which can only come from a chunk
            // that can be read. It learns of this from the end of the process.
            Err(error) => panic!("a worker of a pool cannot read what it is to do: {error}"),
        }
    }
}

/// Runs the items of a chunk, each read when its turn has come: so whatever a worker dies of, it
/// dies of the first item that has no report.
pub(super) fn run<F, A, M>(message: &mut Decoder<'_>, header: &Header, outlet: &Outlet)
where
    F: Call<A, M> + CapturesNothing,
    F::Output: Serialize,
    A: DeserializeOwned,
{
    let function = match message.take::<Portable<F>>() {
        Ok(function) => function.into_inner(),
        Err(error) => {
            outlet.say(Word::Unreadable(error));
            return outlet.rest(header.items - 1);
        }
    };
    for left in (0..header.items).rev() {
        if outlet.control.is_taken_back(header.place) {
            return outlet.rest(left + 1);
        }
        let mut was_read = false;
        let outcome = Panic::catch(AssertUnwindSafe(|| {
            let item = message.take::<A>().map_err(Word::Unreadable)?;
            was_read = true;
            let result = function.call(item);
            let sent = outlet.done(&result);
            drop_quietly(result);
            sent.map_err(Word::Unencodable)
        }));
        match outcome {
            Ok(Ok(())) => continue,
            Ok(Err(word)) => outlet.say(word),
            Err(panic) => outlet.say(Word::Panicked(panic)),
        }
        // If the item could not be read, nobody knows where the next one begins.
        if header.stops_at_failure || !was_read {
            return outlet.rest(left);
        }
    }
}

impl Outlet {
    /// Reports what is no result.
    fn say(&self, word: Word) {
        let report = Report::From { seat: self.seat, word };
        match self.reports.send_with(|message| message.put(&report)) {
            Ok(()) => {}
            Err(SendError::Disconnected(())) => abandoned(),
            // Without this report the supervisor would wait for ever.
            Err(error) => panic!("a worker of a pool cannot report: {error}"),
        }
    }

    /// Reports that so many items are left and will not be run.
    fn rest(&self, items: usize) {
        if items > 0 {
            self.say(Word::Rest);
        }
    }

    /// Reports a result, if it can be sent.
    fn done<R: Serialize>(&self, result: &R) -> Result<(), EncodeError> {
        let sent = self.reports.send_with(|message| {
            message.put(&Report::From { seat: self.seat, word: Word::Done })?;
            message.put(result)
        });
        match sent {
            Ok(()) => Ok(()),
            Err(SendError::Disconnected(())) => abandoned(),
            Err(SendError::Encode { error, .. }) => Err(error),
            Err(error) => Err(EncodeError::new(error)),
        }
    }
}

/// The parent is gone, or at least its pool is: nobody wants what this process does.
fn abandoned() -> ! {
    process::exit(0)
}
