//! What a worker process does.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::process;

use ipc::parcel::Decoder;
use ipc::{DecodeError, EncodeError, Receiver, RecvError, SendError, Sender, Untyped, entry};
use proc_spawn::{Call, CapturesNothing, Panic, Portable};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::control::{Beginner, Begun, Control};
use super::ledger::{Ledger, Pen};
use super::wire::{Header, Report, Run, Word};
use crate::call::{Quiet, drop_quietly};
use crate::initializer::ForProcesses;
use crate::state::set_state;

/// What a worker is given.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kit {
    pub(super) seat: usize,
    pub(super) chunks: Receiver<Untyped>,
    pub(super) reports: Sender<Untyped>,
    pub(super) control: Control,
    pub(super) ledger: Ledger,
    /// Somebody wants to know of each item as soon as it is done.
    pub(super) prompt: bool,
}

/// Where a worker works: what comes goes to its function, and what that comes to goes to the supervisor.
#[derive(Debug)]
pub(super) struct Desk {
    seat: usize,
    reports: Sender<Untyped>,
    control: Control,
    beginner: Beginner,
    pen: Pen,
    /// How many reports there were.
    reported: Cell<u64>,
    prompt: bool,
}

/// The function that a worker process runs. Returns once the pool wants nothing more of it.
pub(super) fn serve<I: ForProcesses>(kit: Kit, initializer: I::Message) {
    let Kit { seat, chunks, reports, control, ledger, prompt } = kit;
    let (beginner, pen) = (Beginner::new(control.clone()), Pen::new(ledger));
    let desk = Desk { seat, reports, control, beginner, pen, reported: Cell::new(0), prompt };
    match I::run(initializer) {
        Ok(()) => desk.tell(Word::Ready),
        Err(panic) => return desk.tell(Word::NotReady(panic)),
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
                desk.tell_of_results(true);
            } else {
                desk.report(Word::Rest);
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
    let (mut index, mut was_read) = (0, false);
    while index < header.items {
        // Around many items, for it costs more than a small one. Entered anew after one without a result.
        let outcome = Panic::catch(AssertUnwindSafe(|| {
            while index < header.items {
                if desk.control.is_taken_back(header.serial) {
                    return Err(Word::Rest);
                }
                desk.begin(Begun::item(header.serial, index));
                was_read = false;
                let function =
                    function.as_ref().map_err(|error| Word::Unreadable(error.clone()))?;
                let item = message.take::<A>().map_err(Word::Unreadable)?;
                was_read = true;
                desk.done(function.into_inner().call(item)).map_err(Word::Unencodable)?;
                index += 1;
            }
            Ok(())
        }));
        match outcome {
            Ok(Ok(())) => return,
            Ok(Err(Word::Rest)) => return desk.report(Word::Rest),
            Ok(Err(word)) => desk.report(word),
            Err(panic) => desk.report(Word::Panicked(panic)),
        }
        index += 1;
        // If the item could not be read, nobody knows where the next one begins.
        if index < header.items && (header.stops_at_failure || !was_read) {
            return desk.report(Word::Rest);
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

    /// Says something that is not about an item.
    fn tell(&self, word: Word) {
        let report = Report::From { seat: self.seat, number: self.reported.get(), word };
        match self.reports.send_with(|message| message.put(&report)) {
            Ok(()) => {}
            Err(SendError::Disconnected(())) => abandoned(),
            // Without this report the supervisor would wait for ever.
            Err(error) => panic!("a worker of a pool cannot report: {error}"),
        }
    }

    /// Reports what is no result.
    fn report(&self, word: Word) {
        self.tell(word);
        self.count();
    }

    fn count(&self) {
        self.reported.set(self.reported.get() + 1);
    }

    /// Tells of the results in the ledger, if the supervisor has to be told.
    fn tell_of_results(&self, urgent: bool) {
        if self.pen.has_news(urgent) {
            self.tell(Word::Written);
        }
    }

    /// Reports a result, if it can be sent.
    fn done<R: Serialize>(&self, result: R) -> Result<(), EncodeError> {
        let number = self.reported.get();
        if self.pen.write(number, &result) {
            self.count();
            self.tell_of_results(self.prompt);
            drop_quietly(result);
            return Ok(());
        }
        // Sending drops it, after the report or, with something unique in it, before.
        let sent = self.reports.send_value_with(Quiet::new(result), |message, result| {
            message.put(&Report::From { seat: self.seat, number, word: Word::Done })?;
            message.put(result.value())
        });
        match sent {
            Ok(()) => {
                self.count();
                Ok(())
            }
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
