//! What a worker process does.

use std::panic::AssertUnwindSafe;
use std::process;

use ipc::parcel::Decoder;
use ipc::{DecodeError, EncodeError, Receiver, RecvError, SendError, Sender, Untyped, entry};
use proc_spawn::{Call, CapturesNothing, Panic, Portable};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::control::{Beginner, Begun, Control};
use super::wire::{Header, Report, Run, Word};
use crate::call::Quiet;
use crate::initializer::ForProcesses;
use crate::state::set_state;

/// What a worker is given.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kit {
    pub(super) seat: usize,
    pub(super) chunks: Receiver<Untyped>,
    pub(super) reports: Sender<Untyped>,
    pub(super) control: Control,
}

/// Where a worker works: what comes goes to its function, and what that comes to goes to the supervisor.
#[derive(Debug)]
pub(super) struct Desk {
    seat: usize,
    reports: Sender<Untyped>,
    control: Control,
    beginner: Beginner,
}

/// The function that a worker process runs. Returns once the pool wants nothing more of it.
pub(super) fn serve<I: ForProcesses>(kit: Kit, initializer: I::Message) {
    let Kit { seat, chunks, reports, control } = kit;
    let desk = Desk { seat, reports, beginner: Beginner::new(control.clone()), control };
    match I::run(initializer) {
        Ok(()) => desk.say(Word::Ready),
        Err(panic) => return desk.say(Word::NotReady(panic)),
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
            if desk.control.begin(header.serial) {
                run(message, &header, &desk);
            } else {
                desk.say(Word::Rest);
            }
            Ok(())
        });
        match served {
            Ok(()) => {}
            Err(RecvError::Disconnected) => return set_state(None),
            // The supervisor counts on a report for each item, which can only come from a chunk
            // that can be read. It learns of this from the end of the process.
            Err(error) => panic!("a worker of a pool cannot read what it is to do: {error}"),
        }
    }
}

/// Runs the items of a chunk, each read when its turn has come: so whatever a worker dies of, it
/// dies of the first item that has no report.
pub(super) fn run<F, A, M>(message: &mut Decoder<'_>, header: &Header, desk: &Desk)
where
    F: Call<A, M> + CapturesNothing,
    F::Output: Serialize,
    A: DeserializeOwned,
{
    let function = message.take::<Portable<F>>();
    for index in 0..header.items {
        if desk.control.is_taken_back(header.serial) {
            return desk.say(Word::Rest);
        }
        desk.begin(Begun::item(header.serial, index));
        let mut was_read = false;
        let outcome = Panic::catch(AssertUnwindSafe(|| {
            let function = function.as_ref().map_err(|error| Word::Unreadable(error.clone()))?;
            let item = message.take::<A>().map_err(Word::Unreadable)?;
            was_read = true;
            desk.done(function.into_inner().call(item)).map_err(Word::Unencodable)
        }));
        match outcome {
            Ok(Ok(())) => continue,
            Ok(Err(word)) => desk.say(word),
            Err(panic) => desk.say(Word::Panicked(panic)),
        }
        // If the item could not be read, nobody knows where the next one begins.
        let is_last = index + 1 == header.items;
        if !is_last && (header.stops_at_failure || !was_read) {
            return desk.say(Word::Rest);
        }
    }
}

impl Desk {
    /// Begins an item, if that is still wanted of this worker.
    fn begin(&self, item: Begun) {
        if !self.beginner.begin(item) {
            // The supervisor has halted it. All that it has done is reported.
            process::exit(0);
        }
    }

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

    /// Reports a result, if it can be sent.
    fn done<R: Serialize>(&self, result: R) -> Result<(), EncodeError> {
        // Sending drops it, after the report or, with something unique in it, before.
        let sent = self.reports.send_value_with(Quiet::new(result), |message, result| {
            message.put(&Report::From { seat: self.seat, word: Word::Done })?;
            message.put(result.value())
        });
        match sent {
            Ok(()) => Ok(()),
            Err(SendError::Disconnected(_)) => abandoned(),
            Err(SendError::Encode { error, .. }) => Err(error),
            Err(error) => Err(EncodeError::new(error)),
        }
    }
}

/// The parent is gone, or at least its pool is: nobody wants what this process does.
fn abandoned() -> ! {
    process::exit(0)
}
