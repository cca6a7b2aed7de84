//! What every worker does before its first task.

use std::fmt;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;

use ipc::entry::EntryError;
use proc_spawn::{Call, CapturesNothing, Panic, Portable};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::state::set_state;

/// Workers need nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoInitializer;

/// Workers call a function first.
pub struct Initializer<F, A, M> {
    function: F,
    args: A,
    _marker: PhantomData<fn() -> M>,
}

impl<F, A, M> Initializer<F, A, M> {
    pub(crate) fn new(function: F, args: A) -> Self {
        Self { function, args, _marker: PhantomData }
    }
}

impl<F, A, M> fmt::Debug for Initializer<F, A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Initializer").finish_non_exhaustive()
    }
}

/// What can stand before the first task of a thread.
pub trait ForThreads: Sealed + Send + Sync + 'static {
    /// Does it.
    #[doc(hidden)]
    fn run(&self) -> Result<(), Panic>;
}

/// What can stand before the first task of a process.
pub trait ForProcesses: Sealed + Send + 'static {
    /// How the process is told.
    #[doc(hidden)]
    type Message: Serialize + DeserializeOwned + 'static;

    /// Whether there is anything to do.
    #[doc(hidden)]
    const EXISTS: bool;

    /// Tells it.
    #[doc(hidden)]
    fn message(&self) -> Result<Self::Message, EntryError>;

    /// Does it, in the process.
    #[doc(hidden)]
    fn run(message: Self::Message) -> Result<(), Panic>;
}

impl ForThreads for NoInitializer {
    fn run(&self) -> Result<(), Panic> {
        Ok(())
    }
}

impl ForProcesses for NoInitializer {
    type Message = ();
    const EXISTS: bool = false;

    fn message(&self) -> Result<(), EntryError> {
        Ok(())
    }

    fn run((): ()) -> Result<(), Panic> {
        Ok(())
    }
}

impl<F, A, M> ForThreads for Initializer<F, A, M>
where
    F: Call<A, M, Output: 'static> + Clone + Send + Sync + 'static,
    A: Clone + Send + Sync + 'static,
    M: 'static,
{
    fn run(&self) -> Result<(), Panic> {
        Panic::catch(AssertUnwindSafe(|| {
            let state = self.function.clone().call(self.args.clone());
            set_state(Some(Box::new(state)));
        }))
    }
}

impl<F, A, M> ForProcesses for Initializer<F, A, M>
where
    F: Call<A, M, Output: 'static> + CapturesNothing + Send,
    A: Clone + Serialize + DeserializeOwned + Send + 'static,
    M: 'static,
{
    type Message = (Portable<F>, A);
    const EXISTS: bool = true;

    fn message(&self) -> Result<Self::Message, EntryError> {
        Ok((Portable::new(self.function)?, self.args.clone()))
    }

    fn run((function, args): Self::Message) -> Result<(), Panic> {
        Panic::catch(AssertUnwindSafe(|| {
            let state = function.into_inner().call(args);
            set_state(Some(Box::new(state)));
        }))
    }
}

mod sealed {
    /// Implemented in this crate alone.
    pub trait Sealed {}
}

pub(crate) use sealed::Sealed;

impl Sealed for NoInitializer {}

impl<F, A, M> Sealed for Initializer<F, A, M> {}
