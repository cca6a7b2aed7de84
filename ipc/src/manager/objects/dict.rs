//! Dicts.

use std::borrow::Borrow;
use std::collections::HashMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::typed::{Item, Key, container_methods, typed_proxy};
use crate::manager::error::ManagerError;
use crate::manager::front::Manager;
use crate::manager::managed::Managed;
use crate::manager::plain::is_plain;

impl<K: Key, V: Item> Managed for HashMap<K, V> {
    type Args = HashMap<K, V>;
    type Proxy = DictProxy<K, V>;

    fn create(start: HashMap<K, V>) -> HashMap<K, V> {
        start
    }

    fn is_plain() -> bool {
        is_plain::<K>() && is_plain::<V>()
    }
}

typed_proxy! {
    /// A dict that a manager's server holds, and many processes use.
    ///
    /// What [`get`](DictProxy::get) gives is a copy. To change what is in there use
    /// [`update_value`](DictProxy::update_value), which does so at the server, in one step.
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
    /// let ages = manager.dict::<String, u32>()?;
    /// assert_eq!(ages.insert("Ada".to_owned(), 36)?, None);
    /// ages.update_value("Ada".to_owned(), 0, |age| *age += 1)?;
    /// assert_eq!(ages.get("Ada".to_owned())?, Some(37));
    /// assert_eq!(ages.get("Bob".to_owned())?, None);
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    DictProxy[K: Key, V: Item] of HashMap<K, V>
}

container_methods! { DictProxy[K: Key, V: Item] of HashMap<K, V>, (K, V) }

impl Manager {
    /// An empty dict.
    ///
    /// # Errors
    /// As for [`create`](Manager::create).
    #[doc(alias = "SyncManager.dict")]
    pub fn dict<K: Key, V: Item>(&self) -> Result<DictProxy<K, V>, ManagerError> {
        self.dict_from(HashMap::new())
    }

    /// A dict with so much in it.
    ///
    /// # Errors
    /// As for [`create`](Manager::create).
    pub fn dict_from<K: Key, V: Item>(
        &self,
        start: HashMap<K, V>,
    ) -> Result<DictProxy<K, V>, ManagerError> {
        self.create::<HashMap<K, V>>(start)
    }
}

impl<K: Key, V: Item> DictProxy<K, V> {
    /// Puts a value in; gives what had the key before.
    ///
    /// # Errors
    /// See [`DictProxy`].
    pub fn insert(&self, key: K, value: V) -> Result<Option<V>, ManagerError> {
        self.0.call_quick(HashMap::<K, V>::insert, (key, value))
    }

    /// A copy of the value with that key.
    ///
    /// # Errors
    /// See [`DictProxy`].
    pub fn get(&self, key: impl Borrow<K>) -> Result<Option<V>, ManagerError>
    where
        V: Clone,
    {
        let copy = |dict: &HashMap<K, V>, key: K| dict.get(&key).cloned();
        self.0.call_as::<_, (K,), _, true>(copy, (key.borrow(),))
    }

    /// A copy of the value with that key, which is put in if there is none. [Python's `setdefault`]
    ///
    /// # Errors
    /// See [`DictProxy`].
    #[doc(alias = "get_or_insert")]
    pub fn setdefault(&self, key: K, value: V) -> Result<V, ManagerError>
    where
        V: Clone,
    {
        let get = |dict: &mut HashMap<K, V>, key, value| dict.entry(key).or_insert(value).clone();
        self.0.call_quick(get, (key, value))
    }

    /// Takes a value out.
    ///
    /// # Errors
    /// See [`DictProxy`].
    #[doc(alias = "pop")]
    pub fn remove(&self, key: impl Borrow<K>) -> Result<Option<V>, ManagerError> {
        let remove = |dict: &mut HashMap<K, V>, key: K| dict.remove(&key);
        self.0.call_as::<_, (K,), _, true>(remove, (key.borrow(),))
    }

    /// Whether there is a value with that key.
    ///
    /// # Errors
    /// See [`DictProxy`].
    pub fn contains_key(&self, key: impl Borrow<K>) -> Result<bool, ManagerError> {
        let contains = |dict: &HashMap<K, V>, key: K| dict.contains_key(&key);
        self.0.call_as::<_, (K,), _, true>(contains, (key.borrow(),))
    }

    /// Copies of the keys, in no order.
    ///
    /// # Errors
    /// See [`DictProxy`].
    pub fn keys(&self) -> Result<Vec<K>, ManagerError>
    where
        K: Clone,
    {
        self.0.call_quick(|dict: &HashMap<K, V>| dict.keys().cloned().collect::<Vec<K>>(), ())
    }

    /// Copies of the values, in no order.
    ///
    /// # Errors
    /// See [`DictProxy`].
    pub fn values(&self) -> Result<Vec<V>, ManagerError>
    where
        V: Clone,
    {
        self.0.call_quick(|dict: &HashMap<K, V>| dict.values().cloned().collect::<Vec<V>>(), ())
    }

    /// A copy of everything.
    ///
    /// # Errors
    /// See [`DictProxy`].
    #[doc(alias = "items")]
    pub fn to_map(&self) -> Result<HashMap<K, V>, ManagerError>
    where
        K: Clone,
        V: Clone,
    {
        self.0.call_quick(HashMap::<K, V>::clone, ())
    }

    /// Calls a function on the value with that key, at the server, in one step: `default` is put in first if
    /// there is none.
    ///
    /// # Errors
    /// See [`DictProxy`].
    pub fn update_value<F, R>(&self, key: K, default: V, function: F) -> Result<R, ManagerError>
    where
        F: Fn(&mut V) -> R + Copy + 'static,
        R: Serialize + DeserializeOwned,
    {
        let update = move |dict: &mut HashMap<K, V>, key: K, default: V| {
            function(dict.entry(key).or_insert(default))
        };
        self.0.call(update, (key, default))
    }
}
