//! Single values.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::typed::{Item, typed_proxy};
use crate::manager::error::ManagerError;
use crate::manager::front::Manager;
use crate::manager::managed::Managed;
use crate::manager::plain::is_plain;

/// A value that a manager's server holds; what a [`ValueProxy`] is a proxy of.
#[derive(Debug)]
pub struct Held<T>(T);

impl<T: Item> Managed for Held<T> {
    type Args = T;
    type Proxy = ValueProxy<T>;

    fn create(start: T) -> Held<T> {
        Held(start)
    }

    fn is_plain() -> bool {
        is_plain::<T>()
    }
}

typed_proxy! {
    /// A value of any type that a manager's server holds, and many processes use. Use a
    /// [`Value`](crate::Value) for one of fixed size: it lies in shared memory.
    ///
    /// Every method is one call of the server and fails as [`Proxy::call`](crate::Proxy::call) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::Manager;
    /// use proc_spawn::Thread;
    ///
    /// let manager = Manager::start::<Thread>()?;
    /// let text = manager.value("a".to_owned())?;
    /// text.update(|text| text.push('b'))?;
    /// assert_eq!(text.get()?, "ab");
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    ValueProxy[T: Item] of Held<T>
}

impl Manager {
    /// A value.
    ///
    /// # Errors
    /// As for [`create`](Manager::create).
    #[doc(alias = "SyncManager.Value")]
    pub fn value<T: Item>(&self, start: T) -> Result<ValueProxy<T>, ManagerError> {
        self.create::<Held<T>>(start)
    }
}

impl<T: Item> ValueProxy<T> {
    /// A copy of the value.
    ///
    /// # Errors
    /// See [`ValueProxy`].
    pub fn get(&self) -> Result<T, ManagerError>
    where
        T: Clone,
    {
        self.0.call_quick(|held: &Held<T>| held.0.clone(), ())
    }

    /// Puts a value in the place of the one there is.
    ///
    /// # Errors
    /// See [`ValueProxy`].
    pub fn set(&self, value: T) -> Result<(), ManagerError> {
        self.0.call_quick(|held: &mut Held<T>, value| held.0 = value, (value,))
    }

    /// Puts a value in the place of the one there is, and gives that.
    ///
    /// # Errors
    /// See [`ValueProxy`].
    pub fn replace(&self, value: T) -> Result<T, ManagerError> {
        self.0
            .call_quick(|held: &mut Held<T>, value| std::mem::replace(&mut held.0, value), (value,))
    }

    /// Calls a function on the value, at the server, in one step: a fn item or closure that captures
    /// nothing.
    ///
    /// # Errors
    /// See [`ValueProxy`].
    pub fn update<F, R>(&self, function: F) -> Result<R, ManagerError>
    where
        F: Fn(&mut T) -> R + Copy + 'static,
        R: Serialize + DeserializeOwned,
    {
        self.0.update(move |held: &mut Held<T>| function(&mut held.0))
    }

    /// The same, for a function that takes something else as well.
    ///
    /// # Errors
    /// See [`ValueProxy`].
    pub fn update_with<F, A, R>(&self, args: A, function: F) -> Result<R, ManagerError>
    where
        F: Fn(&mut T, A) -> R + Copy + 'static,
        A: Item,
        R: Serialize + DeserializeOwned,
    {
        self.0.call(move |held: &mut Held<T>, args: A| function(&mut held.0, args), (args,))
    }
}
