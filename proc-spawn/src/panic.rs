//! Panics as data.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, UnwindSafe};
use std::sync::{Once, OnceLock};
use std::{env, thread};

use serde::{Deserialize, Serialize};

/// What is known of a panic that ended a process's or a thread's function.
///
/// It reads `thread 'main' panicked at src/lib.rs:10:5: index out of bounds`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Panic {
    /// What the panic said; empty if its payload was not a text.
    pub message: String,
    /// Where it happened. Unknown if the program replaced the panic hook after the first start.
    pub location: Option<Location>,
    /// The call stack, as text. Taken unless the environment variable `RUST_LIB_BACKTRACE`, or in
    /// its absence `RUST_BACKTRACE`, is `0`.
    pub backtrace: Option<String>,
    /// The name of the thread that panicked, if it has one.
    pub thread: Option<String>,
}

/// A place in the source; reads `src/lib.rs:10:5`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The file, as the compiler was told of it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread '{}' panicked", self.thread.as_deref().unwrap_or("<unnamed>"))?;
        if let Some(location) = &self.location {
            write!(f, " at {location}")?;
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

/// Everything but the call stack, of which it says only whether there is one.
impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic")
            .field("message", &self.message)
            .field("location", &self.location)
            .field("thread", &self.thread)
            .field("has_backtrace", &self.backtrace.is_some())
            .finish()
    }
}

impl std::error::Error for Panic {}

impl Panic {
    /// Runs `f` and, if it panics, says what the panic was.
    ///
    /// Like [`std::panic::catch_unwind`], with the place and the call stack. The first call puts a
    /// hook in front of the program's panic hook, which is still called.
    ///
    /// # Errors
    ///
    /// The panic of `f`. Where panics abort (`panic = "abort"`) there is none: the process ends.
    pub fn catch<R>(f: impl FnOnce() -> R + UnwindSafe) -> Result<R, Self> {
        catch(drop, f)
    }
}

/// What a panic hook does with the panic of a thread that [`catch`] watches.
enum Watch {
    /// Keep it for when the stack has been unwound.
    Keep(Option<Box<Panic>>),
    /// Panics do not unwind in this build: this is the last moment to tell anybody.
    Report(Box<dyn FnOnce(Panic)>),
}

thread_local! {
    /// Set while this thread is in [`catch`].
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// Runs `f`. If it panics, says what the panic was.
///
/// Where panics abort (`panic = "abort"`), `last_words` is called instead, from the panic hook, and
/// the program aborts when it returns.
pub(crate) fn catch<R>(
    last_words: impl FnOnce(Panic) + 'static,
    f: impl FnOnce() -> R,
) -> Result<R, Panic> {
    install_hook();
    let watch =
        if cfg!(panic = "abort") { Watch::Report(Box::new(last_words)) } else { Watch::Keep(None) };
    let outer = WATCH.replace(Some(watch));
    // The panic ends what the closure worked on: the caller has nothing left of it but `R`.
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    let watch = WATCH.replace(outer);
    result.map_err(|payload| {
        let seen = match watch {
            Some(Watch::Keep(Some(seen))) => Some(*seen),
            _ => None,
        };
        describe(payload, seen)
    })
}

/// Joins what came out of the unwinding with what the hook saw.
fn describe(payload: Box<dyn Any + Send>, seen: Option<Panic>) -> Panic {
    let message = text(&*payload).to_owned();
    // The payload's drop is the user's code and may panic: it must not take us along.
    if let Err(another) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(another);
    }
    match seen {
        // The hook's last panic need not be the one that came through: that one may have been
        // raised by `resume_unwind`, which calls no hook, after another one was caught.
        Some(seen) if seen.message == message => seen,
        _ => Panic { message, location: None, backtrace: None, thread: thread_name() },
    }
}

/// The text of a panic's payload, as far as it is one.
fn text(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        ""
    }
}

fn thread_name() -> Option<String> {
    thread::current().name().map(str::to_owned)
}

/// Puts ours in front of the panic hook that is there, once. It changes nothing for threads that
/// are not in [`catch`].
fn install_hook() {
    static INSTALL: Once = Once::new();
    // The hook cannot be changed while this thread panics (a destructor got us here). Without ours
    // the place is unknown, and that is all.
    if thread::panicking() {
        return;
    }
    INSTALL.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // First the one that prints: should we fail, the text is out.
            previous(info);
            observe(info);
        }));
    });
}

/// The hook's part.
fn observe(info: &PanicHookInfo<'_>) {
    // The thread-local may be gone (a panic in a destructor of another one) or in use (a panic in
    // the code above): then there is nothing to note.
    let watch = WATCH.try_with(|watch| watch.try_borrow_mut().ok().and_then(|mut it| it.take()));
    let note = || Panic {
        message: text(info.payload()).to_owned(),
        location: info.location().map(|at| Location {
            file: at.file().to_owned(),
            line: at.line(),
            column: at.column(),
        }),
        backtrace: backtraces_wanted().then(|| Backtrace::force_capture().to_string()),
        thread: thread_name(),
    };
    match watch {
        Ok(Some(Watch::Keep(_))) => {
            let kept = Watch::Keep(Some(Box::new(note())));
            WATCH.with(|watch| watch.replace(Some(kept)));
        }
        Ok(Some(Watch::Report(report))) => report(note()),
        Ok(None) | Err(_) => {}
    }
}

/// As the standard library reads the two variables, but with "yes" for an answer if both are unset:
/// a process that has gone cannot be asked again.
fn backtraces_wanted() -> bool {
    static WANTED: OnceLock<bool> = OnceLock::new();
    *WANTED.get_or_init(|| {
        let asked = env::var_os("RUST_LIB_BACKTRACE").or_else(|| env::var_os("RUST_BACKTRACE"));
        asked.is_none_or(|value| value != "0")
    })
}
