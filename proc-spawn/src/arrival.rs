//! A child, from its guard to its exit.
#![expect(unsafe_code, reason = "calls the entry that its parent named")]

use std::ffi::CString;
use std::fmt::Display;
use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::{env, io};

use ipc::parcel::Decoder;
use ipc::rendezvous::{self, Refusal};
use ipc::{SendError, Sender, Shared, entry};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bootstrap::{Outcome, Preamble, Word};
use crate::call::Call;
use crate::identity::{self, Parent};
use crate::panic::{self, Panic};
use crate::portable::{CapturesNothing, conjure};
use crate::settings::Limits;
use crate::sys::{interrupt, limits, refusal, runtime};
use crate::{environment, exit, guard, logs, start_method, thread};

/// The function has returned and its result is handed over.
const DONE: i32 = 0;
/// There were no arguments for it, or nobody can be told its result, or it was refused before.
pub(crate) const FAILED: i32 = 1;
/// It panicked: as a Rust program exits whose `main` panics.
pub(crate) const PANICKED: i32 = 101;

/// A child's function with its arguments; gives the exit code.
type Task = Box<dyn FnOnce() -> i32>;

/// Takes the arguments of one function out of the message; the exit code if that cannot be.
///
/// To be called only with the message that names it.
pub(crate) type Entrance = unsafe fn(&mut Decoder<'_>) -> Result<Task, i32>;

/// Does what every child does before it knows what it is started for.
pub(crate) fn settle_down() {
    name_command();
    exit::arm();
    // Puts the hook in place.
    let _ = panic::catch(drop, || ());
}

/// Runs the function that this process was started for. A copy of one that has settled down need
/// not do that again.
pub(crate) fn run(is_copy: bool) -> ! {
    let code = match arrive(is_copy) {
        Ok(task) => {
            guard::begin();
            task()
        }
        Err(code) => code,
    };
    thread::wait_for_all();
    runtime::exit(code)
}

/// Joins the program and takes the task out of the message; the exit code if that cannot be.
fn arrive(is_copy: bool) -> Result<Task, i32> {
    if !is_copy {
        // No other thread may have begun the user's work before a child leaves `main` for good.
        // Where they cannot be counted, there is no reason to think that there are any.
        match runtime::thread_count() {
            Ok(count) if count > 1 => return Err(refuse(&Refusal::ThreadsExist { count })),
            _ => {}
        }
        settle_down();
    }
    // Why it cannot, it tells the parent itself.
    let arrival = rendezvous::join().map_err(|_| FAILED)?;
    let read = |message: &mut Decoder<'_>| {
        let preamble: Preamble = message.take()?;
        let Preamble { entry, lineage, parent, log, .. } = preamble;
        if preamble.ignore_interrupt {
            interrupt::ignore();
        }
        if let Some(environment) = preamble.environment {
            environment::set(environment);
        }
        start_method::set_start_method(preamble.start_method);
        preamble.authkey.take_over();
        if let Err(problem) = submit(&preamble.limits, preamble.refused_memory) {
            return Ok(Err(refuse(&Refusal::System(problem))));
        }
        if arrival.daemon
            && let Err(error) = end_with_parent()
        {
            return Ok(Err(refuse(&Refusal::System(error.to_string()))));
        }
        let parent = Parent { id: arrival.parent_id, name: parent };
        identity::set(arrival.name, arrival.daemon, lineage, parent);
        logs::forward(log);
        Ok(entry::resolve::<Entrance>(entry).map_or_else(
            |error| Err(cannot_enter(&error)),
            // SAFETY: the message is the one that named this entrance.
            |entrance| unsafe { entrance(message) },
        ))
    };
    arrival.arguments.decode_with(read).unwrap_or_else(|error| Err(cannot_enter(&error)))
}

/// Ends this process, a daemon, with its parent.
pub(crate) fn end_with_parent() -> io::Result<()> {
    // On another thread than the function, which is not asked.
    rendezvous::on_parent_end(Box::new(|| runtime::leave(FAILED)))
}

/// Keeps to the limits, before anything of the user's runs and before there are other threads.
fn submit(limits: &Limits, refused_memory: Option<Shared<AtomicU32>>) -> Result<(), String> {
    let apply = || {
        limits::apply(limits)?;
        // Kept for as long as the process lives.
        let note = refused_memory.map(|note| &**Box::leak(Box::new(note)));
        note.map_or(Ok(()), refusal::note_refused_memory)
    };
    apply().map_err(|error: io::Error| format!("it could not keep to its limits: {error}"))
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
    let link = Link::keep(sender);
    // Decoding runs code of the user's, which may panic.
    let args = match panic::catch(move |panic| link.die(panic), || message.take::<A>()) {
        Ok(Ok(args)) => args,
        Ok(Err(error)) => return Err(link.report(Outcome::NoArguments(error))),
        Err(panic) => return Err(link.report(Outcome::Panicked(panic))),
    };
    Ok(Box::new(move || link.call(|| f.call(args))))
}

/// The way back to the parent.
pub(crate) struct Link<R: 'static>(&'static Sender<Word<R>>);

impl<R: Serialize> Link<R> {
    /// Says that the function begins, and keeps the sender for as long as the process lives.
    pub(crate) fn keep(sender: Sender<Word<R>>) -> Self {
        // A parent that is gone need not know.
        let _ = sender.send(Word::Begun);
        Self(Box::leak(Box::new(sender)))
    }

    /// Calls the function; gives the exit code.
    pub(crate) fn call(self, f: impl FnOnce() -> R) -> i32 {
        // Encoding and dropping the result may panic as well.
        panic::catch(move |panic| self.die(panic), || self.report(Outcome::Returned(f())))
            .unwrap_or_else(|panic| self.report(Outcome::Panicked(panic)))
    }

    /// Hands the outcome over; gives the exit code that goes with it. A parent that is gone, or has
    /// dropped its handle, does not change that.
    fn report(self, outcome: Outcome<R>) -> i32 {
        let code = match outcome {
            Outcome::Returned(_) => DONE,
            Outcome::Panicked(_) => PANICKED,
            Outcome::NoArguments(_) | Outcome::NoResult(_) => FAILED,
        };
        // There is room for it, unless the result was sent before and its drop panicked: then that counts.
        match self.0.try_send(Word::Over(outcome)) {
            Ok(()) | Err(SendError::Disconnected(_) | SendError::Full(_)) => code,
            Err(error) => {
                // A short text is easier to send. If even this fails, the exit code remains.
                let _ = self.0.try_send(Word::Over(Outcome::NoResult(error.to_string())));
                FAILED
            }
        }
    }

    /// The last act of a process whose function panicked where panics abort.
    fn die(self, panic: Panic) {
        runtime::exit(self.report(Outcome::Panicked(panic)));
    }
}

impl<R> Clone for Link<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Link<R> {}

pub(crate) fn refuse(refusal: &Refusal) -> i32 {
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
