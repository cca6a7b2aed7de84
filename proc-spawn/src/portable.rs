//! Functions that another process can call, because there is nothing to them but their code.
#![expect(unsafe_code, reason = "makes a value of a zero-sized type out of nothing")]

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use ipc::entry::{self, Entry, EntryError, EntryName};
use serde::{Deserialize, Serialize};

/// A function that consists of code alone: a fn item, or a closure that captures nothing.
///
/// Only such a function can be called in another process, which has the same code but none of
/// this one's memory. Whatever the function needs must be an argument. The trait is implemented
/// for every type that is `Copy + 'static`; that its values also have no size is checked where
/// the function is handed over, at compile time.
///
/// A closure that captures a *value of no size* cannot be told from one that captures nothing. If
/// such a value stands for something that was done in this process (a token that says "the
/// library is initialised"), it says so in the other process too, where it was not done: pass no
/// such closure.
pub trait CapturesNothing: Copy + 'static {
    /// Fails to compile if the function has captured something.
    #[doc(hidden)]
    const CHECKED: () = assert!(
        size_of::<Self>() == 0,
        "the function has captured values of this process, or is a function pointer; another \
         process has its code but not this memory: pass a fn item or a closure that captures \
         nothing, and hand values over as arguments"
    );
}

impl<F: Copy + 'static> CapturesNothing for F {}

/// Makes the function anew, in whatever process this is.
///
/// # Safety
///
/// A value of `F` must exist, or have existed, in a process of this program.
pub(crate) unsafe fn conjure<F: CapturesNothing>() -> F {
    const { F::CHECKED };
    // SAFETY: to read no bytes (checked above) any aligned pointer will do. No bytes are a value of
    // `F`, for the caller vouches that there was one. `F: Copy`, so one more is nothing that a
    // holder of the first could not make in safe code.
    unsafe { NonNull::dangling().read() }
}

/// A function as a value that other processes of the program can be sent.
///
/// On the wire it is the function's name, which is checked where it arrives. Use it to tell a
/// process that already runs what to do next; a process that is started with the function needs no
/// such thing.
///
/// # Example
///
/// ```
/// use proc_spawn::{CapturesNothing, Failure, Portable, Process};
///
/// fn double(n: u32) -> u32 {
///     2 * n
/// }
///
/// fn twice<F: CapturesNothing + Fn(u32) -> u32>(f: Portable<F>, n: u32) -> u32 {
///     let f = f.into_inner();
///     f(f(n))
/// }
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), Failure> {
///     let child = Process::spawn(twice, (Portable::new(double)?, 10))?;
///     assert_eq!(child.join()?, 40);
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(into = "EntryName", try_from = "EntryName", bound = "F: CapturesNothing")]
pub struct Portable<F> {
    function: F,
    name: EntryName,
}

impl<F: CapturesNothing> Portable<F> {
    /// Finds the function's name. A function that has captured something is a compile error.
    ///
    /// # Errors
    ///
    /// [`EntryError::OtherImage`]: another process could not find the function.
    pub fn new(function: F) -> Result<Self, EntryError> {
        const { F::CHECKED };
        Ok(Self { function, name: entry::name::<Witness<F>>()? })
    }

    /// The function.
    pub fn into_inner(self) -> F {
        self.function
    }
}

/// Stands in the image for each function of which there is a [`Portable`].
struct Witness<F>(PhantomData<F>);

impl<F: CapturesNothing> Entry for Witness<F> {
    type Signature = unsafe fn() -> F;
    const POINTER: unsafe fn() -> F = conjure::<F>;
}

impl<F> From<Portable<F>> for EntryName {
    fn from(portable: Portable<F>) -> Self {
        portable.name
    }
}

impl<F: CapturesNothing> TryFrom<EntryName> for Portable<F> {
    type Error = EntryError;

    fn try_from(name: EntryName) -> Result<Self, EntryError> {
        let witness = entry::resolve::<unsafe fn() -> F>(name)?;
        // SAFETY: there is a witness for this very type, and `new`, which alone gives its name
        // away, was given a value.
        let function = unsafe { witness() };
        Ok(Self { function, name })
    }
}

impl<F> fmt::Debug for Portable<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Portable").field(&std::any::type_name::<F>()).finish()
    }
}
