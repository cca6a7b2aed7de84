//! What a manager can hold.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ManagerError;
use super::front::Manager;
use super::function::Client;
use super::proxy::Proxy;

/// A type whose objects a [`Manager`](crate::Manager) can hold. [`#[ipc::managed]`](macro@crate::managed) on its
/// `impl` block derives it, with a typed proxy that has the same methods.
///
/// By hand it takes three lines, and its users call functions by [`Proxy::call`]:
///
/// ```
/// # use ipc::{Managed, Proxy};
/// struct Counter(u64);
///
/// impl Managed for Counter {
///     type Args = u64;
///     type Proxy = Proxy<Counter>;
///
///     fn create(start: u64) -> Counter {
///         Counter(start)
///     }
/// }
/// # assert_eq!(Counter::create(5).0, 5);
/// ```
pub trait Managed: Sized + Send + 'static {
    /// What it is created from.
    type Args: Serialize + DeserializeOwned + Send + 'static;
    /// What its users have of it.
    type Proxy: From<Proxy<Self>>;

    /// Makes one. It runs at the server.
    fn create(args: Self::Args) -> Self;

    /// Whether [`client_gone`](Managed::client_gone) is called.
    const HEARS_OF_DEATHS: bool = false;

    /// Whether neither it nor what our functions do with it runs any code of the user's.
    #[doc(hidden)]
    fn is_plain() -> bool {
        false
    }

    /// A process that may have called this object is gone: what it held has to be given back. It must not
    /// wait for anything.
    fn client_gone(&mut self, client: &Client) {
        let _ = client;
    }
}

/// A proxy that knows of what type its object is: what [`Manager::publish`] and [`Manager::find`] take and
/// give.
pub trait Typed: Sized {
    /// See [`Manager::publish`].
    ///
    /// # Errors
    /// As there.
    fn publish_at(&self, manager: &Manager, name: &str) -> Result<(), ManagerError>;

    /// See [`Manager::find`].
    ///
    /// # Errors
    /// As there.
    fn find_at(manager: &Manager, name: &str) -> Result<Self, ManagerError>;
}

impl<T: Managed<Proxy = Proxy<T>>> Typed for Proxy<T> {
    fn publish_at(&self, manager: &Manager, name: &str) -> Result<(), ManagerError> {
        manager.publish_object(name, self)
    }

    fn find_at(manager: &Manager, name: &str) -> Result<Proxy<T>, ManagerError> {
        manager.find_object::<T>(name)
    }
}
