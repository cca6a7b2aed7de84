//! Sets.

use std::collections::HashSet;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::typed::{Key, typed_proxy};
use crate::manager::error::ManagerError;
use crate::manager::front::Manager;
use crate::manager::managed::Managed;
use crate::manager::proxy::Proxy;

impl<T: Key> Managed for HashSet<T> {
    type Args = HashSet<T>;
    type Proxy = SetProxy<T>;

    fn create(start: HashSet<T>) -> HashSet<T> {
        start
    }
}

typed_proxy! {
    /// A set that a manager's server holds, and many processes use.
    ///
    /// Every method is one call of the server and fails as [`Proxy::call`] does.
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
    /// The proxy without these methods, to [`call`](Proxy::call) functions of your own.
    pub fn proxy(&self) -> &Proxy<HashSet<T>> {
        &self.0
    }

    /// Puts an item in; `false` if it was there already.
    ///
    /// # Errors
    /// See [`SetProxy`].
    #[doc(alias = "add")]
    pub fn insert(&self, item: T) -> Result<bool, ManagerError> {
        self.0.call_quick(HashSet::<T>::insert, (item,))
    }

    /// Puts all of them in.
    ///
    /// # Errors
    /// See [`SetProxy`].
    pub fn extend(&self, items: impl IntoIterator<Item = T>) -> Result<(), ManagerError> {
        let items: Vec<T> = items.into_iter().collect();
        self.0.call_quick(|set: &mut HashSet<T>, items: Vec<T>| set.extend(items), (items,))
    }

    /// Takes an item out; `false` if it was not there.
    ///
    /// # Errors
    /// See [`SetProxy`].
    #[doc(alias = "discard")]
    pub fn remove(&self, item: &T) -> Result<bool, ManagerError> {
        let remove = |set: &mut HashSet<T>, item: T| set.remove(&item);
        self.0.call_sent::<_, (T,), _>(remove, (item,))
    }

    /// Whether an item is in it.
    ///
    /// # Errors
    /// See [`SetProxy`].
    pub fn contains(&self, item: &T) -> Result<bool, ManagerError> {
        let contains = |set: &HashSet<T>, item: T| set.contains(&item);
        self.0.call_sent::<_, (T,), _>(contains, (item,))
    }

    /// How many items there are.
    ///
    /// # Errors
    /// See [`SetProxy`].
    pub fn len(&self) -> Result<usize, ManagerError> {
        self.0.call_quick(HashSet::<T>::len, ())
    }

    /// Whether there are none.
    ///
    /// # Errors
    /// See [`SetProxy`].
    pub fn is_empty(&self) -> Result<bool, ManagerError> {
        self.0.call_quick(HashSet::<T>::is_empty, ())
    }

    /// Takes everything out.
    ///
    /// # Errors
    /// See [`SetProxy`].
    pub fn clear(&self) -> Result<(), ManagerError> {
        self.0.call_quick(HashSet::<T>::clear, ())
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

    /// Calls a function on the whole set, at the server, in one step; see [`Proxy::update`].
    ///
    /// # Errors
    /// See [`SetProxy`].
    pub fn update<F, R>(&self, function: F) -> Result<R, ManagerError>
    where
        F: Fn(&mut HashSet<T>) -> R + Copy + 'static,
        R: Serialize + DeserializeOwned,
    {
        self.0.update(function)
    }
}
