//! Lists.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::typed::{Item, container_methods, typed_proxy};
use crate::manager::error::ManagerError;
use crate::manager::front::Manager;
use crate::manager::managed::Managed;
use crate::manager::plain::is_plain;

impl<T: Item> Managed for Vec<T> {
    type Args = Vec<T>;
    type Proxy = ListProxy<T>;

    fn create(start: Vec<T>) -> Vec<T> {
        start
    }

    fn is_plain() -> bool {
        is_plain::<T>()
    }
}

typed_proxy! {
    /// A list that a manager's server holds, and many processes use.
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
    /// let list = manager.list::<u32>()?;
    /// list.extend([3, 1, 2])?;
    /// list.update(|list| list.sort())?;
    /// assert_eq!(list.to_vec()?, [1, 2, 3]);
    /// assert_eq!(list.update_item(0, |first| { *first += 9; *first })?, Some(10));
    /// assert_eq!(list.get(7)?, None);
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    ListProxy[T: Item] of Vec<T>
}

container_methods! { ListProxy[T: Item] of Vec<T>, T }

impl Manager {
    /// An empty list.
    ///
    /// # Errors
    /// As for [`create`](Manager::create).
    #[doc(alias = "SyncManager.list")]
    pub fn list<T: Item>(&self) -> Result<ListProxy<T>, ManagerError> {
        self.list_from(Vec::new())
    }

    /// A list with so much in it.
    ///
    /// # Errors
    /// As for [`create`](Manager::create).
    pub fn list_from<T: Item>(&self, start: Vec<T>) -> Result<ListProxy<T>, ManagerError> {
        self.create::<Vec<T>>(start)
    }
}

impl<T: Item> ListProxy<T> {
    /// Adds an item at the end.
    ///
    /// # Errors
    /// See [`ListProxy`].
    #[doc(alias = "append")]
    pub fn push(&self, item: T) -> Result<(), ManagerError> {
        self.0.call_quick(Vec::<T>::push, (item,))
    }

    /// Takes the last item out.
    ///
    /// # Errors
    /// See [`ListProxy`].
    pub fn pop(&self) -> Result<Option<T>, ManagerError> {
        self.0.call_quick(Vec::<T>::pop, ())
    }

    /// Puts an item in at a place; those from there on move up.
    ///
    /// # Errors
    /// See [`ListProxy`]; [`ManagerError::Panicked`] if the place is beyond the end.
    pub fn insert(&self, place: usize, item: T) -> Result<(), ManagerError> {
        self.0.call_quick(Vec::<T>::insert, (place, item))
    }

    /// Takes the item at a place out, if there is one.
    ///
    /// # Errors
    /// See [`ListProxy`].
    pub fn remove(&self, place: usize) -> Result<Option<T>, ManagerError> {
        let remove = |list: &mut Vec<T>, place| (place < list.len()).then(|| list.remove(place));
        self.0.call_quick(remove, (place,))
    }

    /// A copy of the item at a place, if there is one.
    ///
    /// # Errors
    /// See [`ListProxy`].
    pub fn get(&self, place: usize) -> Result<Option<T>, ManagerError>
    where
        T: Clone,
    {
        self.0.call_quick(|list: &Vec<T>, place: usize| list.get(place).cloned(), (place,))
    }

    /// Puts an item in the place of another and gives that. If there is none, nothing is done.
    ///
    /// # Errors
    /// See [`ListProxy`].
    pub fn set(&self, place: usize, item: T) -> Result<Option<T>, ManagerError> {
        let set = |list: &mut Vec<T>, place: usize, item: T| {
            list.get_mut(place).map(|old| std::mem::replace(old, item))
        };
        self.0.call_quick(set, (place, item))
    }

    /// Whether an item is in it.
    ///
    /// # Errors
    /// See [`ListProxy`].
    pub fn contains(&self, item: &T) -> Result<bool, ManagerError>
    where
        T: PartialEq,
    {
        let contains = |list: &Vec<T>, item: T| list.contains(&item);
        self.0.call_as::<_, (T,), _, true>(contains, (item,))
    }

    /// A copy of everything.
    ///
    /// # Errors
    /// See [`ListProxy`].
    pub fn to_vec(&self) -> Result<Vec<T>, ManagerError>
    where
        T: Clone,
    {
        self.0.call_quick(Vec::<T>::clone, ())
    }

    /// Calls a function on the item at a place, if there is one, at the server, in one step.
    ///
    /// # Errors
    /// See [`ListProxy`].
    pub fn update_item<F, R>(&self, place: usize, function: F) -> Result<Option<R>, ManagerError>
    where
        F: Fn(&mut T) -> R + Copy + 'static,
        R: Serialize + DeserializeOwned,
    {
        let update = move |list: &mut Vec<T>, place: usize| list.get_mut(place).map(function);
        self.0.call(update, (place,))
    }
}
