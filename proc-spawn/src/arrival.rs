//! A child, from its guard to its exit.
#![expect(unsafe_code, reason = "calls the entry that its parent named")]

use std::ffi::CString;
use std::fmt::Display;
use std::path::Path;
use std::{env, process};

use ipc::parcel::Decoder;
use ipc::rendezvous::{self, Refusal};
use ipc::{SendError, Sender, entry};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bootstrap::{Outcome, Preamble, Word};
use crate::call::Call;
use crate::identity::{self, Parent};
use crate::panic::{self, Panic};
use crate::portable::{CapturesNothing, conjure};
use crate::sys::{interrupt, runtime};
use crate::{exit, guard, thread};

/// The function has returned and its result is handed over.
const DONE: i32 = 0;
/// There were no arguments for it, or nobody can be told its result, or it was refused before.
const FAILED: i32 = 1;
/// It panicked: as a Rust program exits whose `main` panics.
const PANICKED: i32 = 101;

/// A child's function with its arguments; gives the exit code.
type Task = Box<dyn FnOnce() -> i32>;

/// Takes the arguments of one function out of the message; the exit code if that cannot be.
///
/// To be called only with the message that names it.
pub(crate) type Entrance = unsafe fn(&mut Decoder<'_>) -> Result<Task, i32>;

/// Runs the function that this process was started for.
pub(crate) fn run() -> ! {
    let code = match arrive() {
        Ok(task) => {
            guard::begin();
            task()
        }
        Err(code) => code,
    };
    thread::wait_for_all();
    process::exit(code)
}

/// Joins the program and takes the task out of the message; the exit code if that cannot be.
fn arrive() -> Result<Task, i32> {
    name_command();
    // No other thread may have begun the user's work before a child leaves `main` for good. Where
    // they cannot be counted, there is no reason to think that there are any.
    match runtime::thread_count() {
        Ok(count) if count > 1 => return Err(refuse(&Refusal::ThreadsExist { count })),
        _ => {}
    }
    // Why it cannot, it tells the parent itself.
    let arrival = rendezvous::join().map_err(|_| FAILED)?;
    exit::arm();
    if arrival.daemon {
        // On another thread than the function, which is not asked.
        rendezvous::on_parent_end(Box::new(|| runtime::leave(FAILED)))
            .map_err(|error| refuse(&Refusal::System(error.to_string())))?;
    }
    let read = |message: &mut Decoder<'_>| {
        let Preamble { entry, lineage, parent, ignore_interrupt } = message.take()?;
        if ignore_interrupt {
            interrupt::ignore();
        }
        let parent = Parent { id: arrival.parent_id, name: parent };
        identity::set(arrival.name, arrival.daemon, lineage, parent);
        Ok(entry::resolve::<Entrance>(entry).map_or_else(
            |error| Err(cannot_enter(&error)),
            // SAFETY: the message is the one that named this entrance.
            |entrance| unsafe { entrance(message) },
        ))
    };
    arrival.arguments.decode_with(read).unwrap_or_else(|error| Err(cannot_enter(&error)))
}

/// The [`Entrance`] of a [`Function`](crate::bootstrap::Function).
///
/// # Safety
///
/// The message is the one that named it.
pub(crate) unsafe fn enter<F, A, M>(message: &mut Decoder<'_>) -> Result<Task, i32>
where
    F: Call<A, M> + CapturesNothing,
    F::Output: Serialize + DeserializeOwned + 'static,
    A: DeserializeOwned + 'static,
{
    // SAFETY: whoever named this entrance did so with a value of `F` in hand.
    let f = unsafe { conjure::<F>() };
    let sender: Sender<Word<F::Output>> = message.take().map_err(|error| cannot_enter(&error))?;
    // A parent that is gone need not know.
    let _ = sender.send(Word::Begun);
    let link = Link::keep(sender);
    // Decoding runs code of the user's, which may panic.
    let args = match panic::catch(move |panic| link.die(panic), || message.take::<A>()) {
        Ok(Ok(args)) => args,
        Ok(Err(error)) => return Err(link.report(Outcome::NoArguments(error))),
        Err(panic) => return Err(link.report(Outcome::Panicked(panic))),
    };
    Ok(Box::new(move || {
        // So do encoding and dropping the result.
        let call = || link.report(Outcome::Returned(f.call(args)));
        panic::catch(move |panic| link.die(panic), call)
            .unwrap_or_else(|panic| link.report(Outcome::Panicked(panic)))
    }))
}

/// The way back to the parent.
struct Link<R: 'static>(&'static Sender<Word<R>>);

impl<R: Serialize> Link<R> {
    /// Keeps the sender for as long as the process lives.
    fn keep(sender: Sender<Word<R>>) -> Self {
        Self(Box::leak(Box::new(sender)))
    }

    /// Hands the outcome over; gives the exit code that goes with it. A parent that is gone, or has
    /// dropped its handle, does not change that.
    fn report(self, outcome: Outcome<R>) -> i32 {
        let code = match outcome {
            Outcome::Returned(_) => DONE,
            Outcome::Panicked(_) => PANICKED,
            Outcome::NoArguments(_) | Outcome::NoResult(_) => FAILED,
        };
        match self.0.send(Word::Over(outcome)) {
            Ok(()) | Err(SendError::Disconnected(_)) => code,
            Err(error) => {
                // A short text is easier to send. If even this fails, the exit code remains.
                let _ = self.0.send(Word::Over(Outcome::NoResult(error.to_string())));
                FAILED
            }
        }
    }

    /// The last act of a process whose function panicked where panics abort.
    fn die(self, panic: Panic) {
        process::exit(self.report(Outcome::Panicked(panic)));
    }
}

impl<R> Clone for Link<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Link<R> {}

fn refuse(refusal: &Refusal) -> i32 {
    rendezvous::refuse(refusal);
    FAILED
}

fn cannot_enter(problem: &dyn Display) -> i32 {
    refuse(&Refusal::Entry(problem.to_string()))
}

/// Gives the process the name that its parent has in process listings.
fn name_command() {
    let path = env::args_os().next().unwrap_or_default();
    let name = Path::new(&path).file_name().unwrap_or_default();
    if let Ok(name) = CString::new(name.as_encoded_bytes()) {
        runtime::name_command(&name);
    }
}
