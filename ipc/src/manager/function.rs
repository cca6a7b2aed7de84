//! Functions that run at the server: what may be one, and how it is named to it.
//!
//! A name is an [`EntryName`]: it leads to a constant in the image of the program or nowhere, so what comes
//! from a peer can never become a jump. Whatever a proxy can do, creating an object included, is a
//! function with such a name; there is no other table of what can be called.
#![expect(unsafe_code, reason = "makes a value of a zero-sized type out of nothing")]

use std::any::Any;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::managed::Managed;
use super::server::{Attempt, Birth, Call, Newborn, Visit};
use crate::entry::Entry;
use crate::error::DecodeError;
use crate::message::Decoder;

/// A function that can be called on a managed object: a fn item or a closure that captures nothing, whose
/// first parameter is `&T` or `&mut T`. `Args` is a tuple of the others.
///
/// It is implemented for all of them, for up to eight parameters besides the object; `Marker` is inferred.
pub trait Method<T, Args, Marker>: Copy + 'static {
    /// What it returns.
    type Output;

    /// Calls it.
    fn call(self, object: &mut T, args: Args) -> Self::Output;
}

/// Marks the functions that take `&mut T` and `N` other parameters.
#[derive(Debug)]
pub enum Changes<const N: usize> {}

/// Marks the functions that take `&T` and `N` other parameters.
#[derive(Debug)]
pub enum Reads<const N: usize> {}

macro_rules! methods {
    ($count:literal: $($arg:ident)*) => {
        impl<Func, T, $($arg,)* R> Method<T, ($($arg,)*), Changes<$count>> for Func
        where
            Func: Fn(&mut T, $($arg),*) -> R + Copy + 'static,
        {
            type Output = R;

            #[expect(non_snake_case, reason = "the type parameters' names serve as the variables'")]
            fn call(self, object: &mut T, ($($arg,)*): ($($arg,)*)) -> R {
                self(object, $($arg),*)
            }
        }

        impl<Func, T, $($arg,)* R> Method<T, ($($arg,)*), Reads<$count>> for Func
        where
            Func: Fn(&T, $($arg),*) -> R + Copy + 'static,
        {
            type Output = R;

            #[expect(non_snake_case, reason = "the type parameters' names serve as the variables'")]
            fn call(self, object: &mut T, ($($arg,)*): ($($arg,)*)) -> R {
                self(object, $($arg),*)
            }
        }
    };
}

macro_rules! method_without_arguments {
    ($($marker:ident: $reference:ty;)*) => {$(
        impl<Func, T, R> Method<T, (), $marker<0>> for Func
        where
            Func: Fn($reference) -> R + Copy + 'static,
        {
            type Output = R;

            fn call(self, object: &mut T, (): ()) -> R {
                self(object)
            }
        }
    )*};
}

method_without_arguments! { Changes: &mut T; Reads: &T; }
methods!(1: A);
methods!(2: A B);
methods!(3: A B C);
methods!(4: A B C D);
methods!(5: A B C D E);
methods!(6: A B C D E F);
methods!(7: A B C D E F G);
methods!(8: A B C D E F G H);

/// Fails to compile if the function has captured something.
pub(super) const fn captures_nothing<F>() {
    assert!(
        size_of::<F>() == 0,
        "the function has captured values of this process, or is a function pointer; the server has its \
         code but not this memory: pass a fn item or a closure that captures nothing, and hand values \
         over as arguments"
    );
}

/// Makes a function anew, where its name has arrived.
fn conjure<F: Copy + 'static>() -> F {
    const { captures_nothing::<F>() };
    // SAFETY: to read no bytes (checked above) any aligned pointer will do. No bytes are a value of `F`:
    // whoever gave the name away had one, and only those can give names who belong to the program or
    // have proved that they know its key. `F: Copy`, so one more is nothing that a holder of the first
    // could not make in safe code.
    unsafe { NonNull::dangling().read() }
}

/// What the name of a call leads to: it takes the arguments out of the message, and says before that if this, or
/// the function, may be any code of the user's.
pub(super) type Prepare =
    fn(&mut Decoder<'_>, before_users: &mut dyn FnMut()) -> Result<Box<dyn Visit>, DecodeError>;

/// Puts an answer back, which the decoder has.
pub(super) type TakeBack = fn(&mut dyn Any, &mut Decoder<'_>, &Client) -> Result<(), DecodeError>;

/// What the name of a constructor leads to.
pub(super) type Conceive = fn(&mut Decoder<'_>) -> Result<Box<dyn Birth>, DecodeError>;

/// The types that a name stands for; there is never a value.
type Named<T> = PhantomData<fn() -> T>;

/// Names the call of `F`. One that is `QUICK` runs no code of the user's if the object is
/// [plain](Managed::is_plain).
pub(super) struct Called<T, F, A, M, const QUICK: bool>(Named<(T, F, A, M)>);

impl<T, F, A, M, const QUICK: bool> Entry for Called<T, F, A, M, QUICK>
where
    T: 'static,
    F: Method<T, A, M>,
    F::Output: Serialize,
    A: DeserializeOwned + Send + 'static,
    M: 'static,
{
    type Signature = Prepare;
    const POINTER: Prepare = |decoder, before_users| {
        if !QUICK {
            before_users();
        }
        let args = Some(decoder.take::<A>()?);
        Ok(Box::new(Plain::<T, F, A, M, QUICK> { args, _function: PhantomData }))
    };
}

struct Plain<T, F, A, M, const QUICK: bool> {
    args: Option<A>,
    _function: Named<(T, F, M)>,
}

impl<T, F, A, M, const QUICK: bool> Visit for Plain<T, F, A, M, QUICK>
where
    T: 'static,
    F: Method<T, A, M>,
    F::Output: Serialize,
    A: Send,
{
    fn is_quick(&self) -> bool {
        QUICK
    }

    fn attempt(&mut self, object: &mut dyn Any, call: &Call) -> Attempt {
        let Some(object) = object.downcast_mut::<T>() else { return Attempt::WrongType };
        if let Some(args) = self.args.take() {
            call.reply(conjure::<F>().call(object, args));
        }
        Attempt::Done
    }
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client {
    /// Tells the processes apart that are clients of one server.
    pub(super) link: u64,
    /// Tells the threads of one client apart.
    pub(super) thread: u64,
    /// The process's id, as it says itself.
    pub(super) pid: u32,
}

impl Client {
    /// The id of the client's process, where that runs.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn is_same_process(&self, other: &Client) -> bool {
        self.link == other.link
    }
}

/// Names a call that may have to wait for others.
///
/// `Try` tries, and is called again whenever the object may have changed. `Stop` is called when the time is
/// up or the client is gone: it undoes what trying has left and says what to answer, or has `Try` go on
/// without a limit. An answer that is `LENT` is put back by `Return` if the client does not receive it.
pub(super) struct Awaited<T, Try, Stop, Return, A, const LENT: bool>(
    Named<(T, Try, Stop, Return, A)>,
);

impl<T, Try, Stop, Return, A, R, const LENT: bool> Entry for Awaited<T, Try, Stop, Return, A, LENT>
where
    T: 'static,
    Try: Fn(&mut T, &mut A, &Client) -> Option<R> + Copy + 'static,
    Stop: Fn(&mut T, &mut A, &Client) -> Option<R> + Copy + 'static,
    Return: Fn(&mut T, R, &Client) + Copy + 'static,
    A: DeserializeOwned + Send + 'static,
    R: Serialize + DeserializeOwned,
{
    type Signature = Prepare;
    const POINTER: Prepare = |decoder, _| {
        let (timeout, args) = decoder.take::<(Option<Duration>, A)>()?;
        let _functions = PhantomData;
        Ok(Box::new(Patient::<T, Try, Stop, Return, A, LENT> { timeout, args, _functions }))
    };
}

struct Patient<T, Try, Stop, Return, A, const LENT: bool> {
    timeout: Option<Duration>,
    args: A,
    _functions: Named<(T, Try, Stop, Return)>,
}

/// Sends the answer, if there is one; whether there was.
fn answer<T, Return, R, const LENT: bool>(object: &mut T, call: &Call, answer: Option<R>) -> bool
where
    T: 'static,
    Return: Fn(&mut T, R, &Client) + Copy + 'static,
    R: Serialize + DeserializeOwned,
{
    let Some(answer) = answer else { return false };
    if !LENT {
        call.reply(answer);
    } else if let Some(unsent) = call.lend(answer, take_back::<T, Return, R>) {
        conjure::<Return>()(object, unsent, &call.client);
    }
    true
}

fn take_back<T, Return, R>(
    object: &mut dyn Any,
    decoder: &mut Decoder<'_>,
    client: &Client,
) -> Result<(), DecodeError>
where
    T: 'static,
    Return: Fn(&mut T, R, &Client) + Copy + 'static,
    R: DeserializeOwned,
{
    let answer = decoder.take()?;
    if let Some(object) = object.downcast_mut::<T>() {
        conjure::<Return>()(object, answer, client);
    }
    Ok(())
}

impl<T, Try, Stop, Return, A, R, const LENT: bool> Visit for Patient<T, Try, Stop, Return, A, LENT>
where
    T: 'static,
    Try: Fn(&mut T, &mut A, &Client) -> Option<R> + Copy + 'static,
    Stop: Fn(&mut T, &mut A, &Client) -> Option<R> + Copy + 'static,
    Return: Fn(&mut T, R, &Client) + Copy + 'static,
    A: Send,
    R: Serialize + DeserializeOwned,
{
    fn is_quick(&self) -> bool {
        true
    }

    fn attempt(&mut self, object: &mut dyn Any, call: &Call) -> Attempt {
        let Some(object) = object.downcast_mut::<T>() else { return Attempt::WrongType };
        let result = conjure::<Try>()(object, &mut self.args, &call.client);
        match answer::<T, Return, R, LENT>(object, call, result) {
            true => Attempt::Done,
            false => Attempt::Later { within: self.timeout },
        }
    }

    fn give_up(&mut self, object: &mut dyn Any, call: &Call) -> Attempt {
        let Some(object) = object.downcast_mut::<T>() else { return Attempt::WrongType };
        let result = conjure::<Stop>()(object, &mut self.args, &call.client);
        self.timeout = None;
        match answer::<T, Return, R, LENT>(object, call, result) {
            true => Attempt::Done,
            false => Attempt::Later { within: None },
        }
    }
}

/// Names the constructor of `T`.
pub(super) struct Created<T>(Named<T>);

impl<T: Managed> Entry for Created<T> {
    type Signature = Conceive;
    const POINTER: Conceive = |decoder| {
        let args = Some(decoder.take::<T::Args>()?);
        Ok(Box::new(Expected::<T> { args }))
    };
}

struct Expected<T: Managed> {
    args: Option<T::Args>,
}

impl<T: Managed> Birth for Expected<T> {
    fn bear(&mut self) -> std::io::Result<Option<Newborn>> {
        let create = |args| Newborn::new(T::create(args));
        self.args.take().map(create).transpose()
    }
}
