//! `Proxy`: what a process keeps of a managed object.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::ManagerError;
use super::function::{Awaited, Called, Changes, Client, Method, captures_nothing};
use super::lease::{Lease, Token};
use super::link::{Link, this_thread};
use super::protocol::Request;
use crate::channel::{Sender, Untyped};
use crate::entry;
use crate::message;

/// What a process keeps of an object that a [`Manager`](crate::Manager)'s server holds, without the methods
/// that a typed proxy has.
///
/// It is a value like every handle: its clones and those that were sent refer to the same object, which is
/// dropped when there are none left, in whatever process or message.
///
/// # Process death
///
/// When a process with a proxy is gone, its share in the object is given back. When the server is gone,
/// every call is [`ManagerError::Gone`] at once.
///
/// # Examples
///
/// ```
/// use ipc::Manager;
/// use proc_spawn::Thread;
/// use std::collections::HashMap;
///
/// let manager = Manager::start::<Thread>()?;
/// let scores = manager.dict::<String, u32>()?;
/// // Any function that captures nothing runs where the object is, and nobody comes in between.
/// let best = |all: &HashMap<String, u32>| all.values().max().copied();
/// assert_eq!(scores.proxy().call(best, ())?, None);
/// # Ok::<(), ipc::ManagerError>(())
/// ```
pub struct Proxy<T> {
    link: Arc<Link>,
    object: u64,
    lease: Lease<T>,
}

impl<T: 'static> Proxy<T> {
    pub(super) fn new(link: Arc<Link>, object: u64, lease: Lease<T>) -> Proxy<T> {
        Proxy { link, object, lease }
    }

    pub(super) fn is_of(&self, link: &Arc<Link>) -> bool {
        Arc::ptr_eq(&self.link, link)
    }

    pub(super) fn object(&self) -> u64 {
        self.object
    }

    /// Calls a function on the object, at the server, and waits for what it returns: a fn item or closure
    /// that captures nothing, whose first parameter is `&T` or `&mut T` and whose others are the tuple
    /// `args`. Calls of one object run one after the other, so what it reads and writes is one step
    /// for everybody else. It may call other objects of the server, but would wait for itself for ever if that
    /// led back to its own.
    ///
    /// # Errors
    /// [`ManagerError::Panicked`] if it panicked, and whatever else kept it from its result. An `Err` that
    /// the function itself returns is part of that.
    pub fn call<F, A, M>(&self, function: F, args: A) -> Result<F::Output, ManagerError>
    where
        F: Method<T, A, M>,
        F::Output: Serialize + DeserializeOwned,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static,
    {
        self.call_as::<F, A, M, false>(function, args)
    }

    /// Calls a function on the object, at the server, and waits for what it returns: a fn item or closure
    /// that captures nothing. What it reads and writes is one step for everybody else.
    ///
    /// ```compile_fail,E0080
    /// # let manager = ipc::Manager::start::<proc_spawn::Thread>()?;
    /// # let scores = manager.list::<u32>()?;
    /// let bonus = 5;
    /// // The server has not this `bonus`: it is an argument of `call`.
    /// scores.proxy().update(move |scores| scores[0] += bonus)?;
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    ///
    /// # Errors
    /// As [`call`](Proxy::call).
    pub fn update<F, R>(&self, function: F) -> Result<R, ManagerError>
    where
        F: Fn(&mut T) -> R + Copy + 'static,
        R: Serialize + DeserializeOwned,
    {
        self.call_as::<F, (), Changes<0>, false>(function, ())
    }

    /// Calls a function of ours that never waits for anything, but for what the user's types do.
    pub(super) fn call_quick<F, A, M>(
        &self,
        function: F,
        args: A,
    ) -> Result<F::Output, ManagerError>
    where
        F: Method<T, A, M>,
        F::Output: Serialize + DeserializeOwned,
        A: Serialize + DeserializeOwned + Send + 'static,
        M: 'static,
    {
        self.call_as::<F, A, M, true>(function, args)
    }

    /// Calls a function with arguments that are encoded as an `A` is: so do the methods of `#[ipc::managed]`.
    /// One that is `QUICK` is ours and never waits for anything, but for what the user's types do.
    #[doc(hidden)]
    pub fn call_as<F, A, M, const QUICK: bool>(
        &self,
        _: F,
        args: impl Serialize,
    ) -> Result<F::Output, ManagerError>
    where
        F: Method<T, A, M>,
        F::Output: Serialize + DeserializeOwned,
        A: DeserializeOwned + Send + 'static,
        M: 'static,
    {
        const { captures_nothing::<F>() };
        let function = entry::name::<Called<T, F, A, M, QUICK>>()?;
        self.link.ask(&self.request(function), args)
    }

    /// Calls `attempt` until it has an answer, or for at most `timeout` (`None`: for ever; zero: once); then
    /// `stop`, which has one.
    pub(super) fn wait<F, G, A, R>(
        &self,
        attempt: F,
        stop: G,
        timeout: Option<Duration>,
        args: A,
    ) -> Result<R, ManagerError>
    where
        F: Fn(&mut T, &mut A, &Client) -> Option<R> + Copy + 'static,
        G: Fn(&mut T, &mut A, &Client) -> Option<R> + Copy + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        R: Serialize + DeserializeOwned,
    {
        self.wait_named::<F, G, _, A, R, false>(attempt, stop, |_, _, _| (), timeout, args)
    }

    /// The same; an answer that this process does not live to receive is returned to the object, which has to
    /// be one that hears of deaths.
    pub(super) fn wait_or_return<F, G, H, A, R>(
        &self,
        attempt: F,
        stop: G,
        put_back: H,
        timeout: Option<Duration>,
        args: A,
    ) -> Result<R, ManagerError>
    where
        F: Fn(&mut T, &mut A, &Client) -> Option<R> + Copy + 'static,
        G: Fn(&mut T, &mut A, &Client) -> Option<R> + Copy + 'static,
        H: Fn(&mut T, R, &Client) + Copy + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        R: Serialize + DeserializeOwned,
    {
        self.wait_named::<F, G, H, A, R, true>(attempt, stop, put_back, timeout, args)
    }

    fn wait_named<F, G, H, A, R, const LENT: bool>(
        &self,
        _: F,
        _: G,
        _: H,
        timeout: Option<Duration>,
        args: A,
    ) -> Result<R, ManagerError>
    where
        F: Fn(&mut T, &mut A, &Client) -> Option<R> + Copy + 'static,
        G: Fn(&mut T, &mut A, &Client) -> Option<R> + Copy + 'static,
        H: Fn(&mut T, R, &Client) + Copy + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        R: Serialize + DeserializeOwned,
    {
        const { captures_nothing::<(F, G, H)>() };
        let function = entry::name::<Awaited<T, F, G, H, A, LENT>>()?;
        self.link.ask(&self.request(function), (timeout, args))
    }

    /// Calls a function of ours that wants to know who calls.
    pub(super) fn tell<F, A, R>(&self, function: F, args: A) -> Result<R, ManagerError>
    where
        F: Fn(&mut T, &mut A, &Client) -> R + Copy + 'static,
        A: Serialize + DeserializeOwned + Send + 'static,
        R: Serialize + DeserializeOwned,
    {
        self.wait(
            move |object: &mut T, args: &mut A, client: &Client| {
                Some(function(object, args, client))
            },
            |_, _, _| None,
            Some(Duration::ZERO),
            args,
        )
    }

    fn request(&self, function: entry::EntryName) -> Request {
        Request::Call { object: self.object, thread: this_thread(), function }
    }
}

const STAYS: &str = "a proxy of a manager that this process has connected to stays with the process: connect \
                     there as well, and find the object by its name";

impl<T> Clone for Proxy<T> {
    fn clone(&self) -> Proxy<T> {
        Proxy { link: Arc::clone(&self.link), object: self.object, lease: self.lease.clone() }
    }
}

impl<T> fmt::Debug for Proxy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("object", &self.object).finish_non_exhaustive()
    }
}

impl<T: 'static> Serialize for Proxy<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.link.inbox(), &self.lease) {
            (Some(inbox), Lease::Program(lease)) => {
                (inbox, lease, self.object).serialize(serializer)
            }
            _ => Err(serde::ser::Error::custom(message::refuse(STAYS.to_owned()))),
        }
    }
}

impl<'de, T: 'static> Deserialize<'de> for Proxy<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Proxy<T>, D::Error> {
        let (inbox, lease, object) =
            <(Sender<Untyped>, Sender<Token<T>>, u64)>::deserialize(deserializer)?;
        Ok(Proxy { link: Link::to(inbox), object, lease: Lease::Program(lease) })
    }
}
