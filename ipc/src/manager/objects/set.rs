//! Sets.

use std::collections::HashSet;

use super::typed::{Key, container_methods, typed_proxy};
use crate::manager::error::ManagerError;
use crate::manager::front::Manager;
use crate::manager::managed::Managed;
use crate::manager::plain::is_plain;

impl<T: Key> Managed for HashSet<T> {
    type Args = HashSet<T>;
    type Proxy = SetProxy<T>;

    fn create(start: HashSet<T>) -> HashSet<T> {
        start
    }

    fn is_plain() -> bool {
        is_plain::<T>()
    }
}

typed_proxy! {
    /// A set that a manager's server holds, and many processes use.
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
    /// let seen = manager.set::<u32>()?;
    /// assert!(seen.insert(7)?);
    /// assert!(!seen.insert(7)?);
    /// assert_eq!(seen.len()?, 1);
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    SetProxy[T: Key] of HashSet<T>
}

container_methods! { SetProxy[T: Key] of HashSet<T>, T }

impl Manager {
    /// An empty set.
    ///
    /// # Errors
    /// As for [`create`](Manager::create).
    #[doc(alias = "SyncManager.set")]
    pub fn set<T: Key>(&self) -> Result<SetProxy<T>, ManagerError> {
        self.create::<HashSet<T>>(HashSet::new())
    }
}

impl<T: Key> SetProxy<T> {
    /// Puts an item in; `false` if it was there already.
    ///
    /// # Errors
    /// See [`SetProxy`].
    #[doc(alias = "add")]
    pub fn insert(&self, item: T) -> Result<bool, ManagerError> {
        self.0.call_quick(HashSet::<T>::insert, (item,))
    }

    /// Takes an item out; `false` if it was not there.
    ///
    /// # Errors
    /// See [`SetProxy`].
    #[doc(alias = "discard")]
    pub fn remove(&self, item: &T) -> Result<bool, ManagerError> {
        let remove = |set: &mut HashSet<T>, item: T| set.remove(&item);
        self.0.call_as::<_, (T,), _, true>(remove, (item,))
    }

    /// Whether an item is in it.
    ///
    /// # Errors
    /// See [`SetProxy`].
    pub fn contains(&self, item: &T) -> Result<bool, ManagerError> {
        let contains = |set: &HashSet<T>, item: T| set.contains(&item);
        self.0.call_as::<_, (T,), _, true>(contains, (item,))
    }

    /// A copy of everything.
    ///
    /// # Errors
    /// See [`SetProxy`].
    pub fn to_set(&self) -> Result<HashSet<T>, ManagerError>
    where
        T: Clone,
    {
        self.0.call_quick(HashSet::<T>::clone, ())
    }
}
