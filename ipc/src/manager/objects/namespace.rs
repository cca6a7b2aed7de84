//! Namespaces.

use std::any::Any;
use std::collections::HashMap;

use super::typed::{Item, typed_proxy};
use crate::manager::error::ManagerError;
use crate::manager::front::Manager;
use crate::manager::managed::Managed;
use crate::manager::proxy::Proxy;

/// Values of any types by their names; what a [`NamespaceProxy`] is a proxy of.
#[derive(Debug, Default)]
pub struct Namespace(HashMap<String, Box<dyn Any + Send>>);

impl Managed for Namespace {
    type Args = ();
    type Proxy = NamespaceProxy;

    fn create((): ()) -> Namespace {
        Namespace::default()
    }
}

typed_proxy! {
    /// Values of any types, each with a name, that a manager's server holds and many processes use.
    ///
    /// Every method is one call of the server and fails as [`Proxy::call`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::{Manager, ManagerError};
    /// use proc_spawn::Thread;
    ///
    /// let manager = Manager::start::<Thread>()?;
    /// let settings = manager.namespace()?;
    /// settings.set("depth", 3u32)?;
    /// settings.set("name", "deep".to_owned())?;
    /// assert_eq!(settings.get::<u32>("depth")?, Some(3));
    /// assert_eq!(settings.get::<u32>("height")?, None);
    /// assert!(matches!(settings.get::<u32>("name"), Err(ManagerError::WrongType)));
    /// # Ok::<(), ManagerError>(())
    /// ```
    NamespaceProxy[] of Namespace
}

impl Manager {
    /// An empty namespace.
    ///
    /// # Errors
    /// As for [`create`](Manager::create).
    #[doc(alias = "SyncManager.Namespace")]
    pub fn namespace(&self) -> Result<NamespaceProxy, ManagerError> {
        self.create::<Namespace>(())
    }
}

impl NamespaceProxy {
    /// The proxy without these methods, to [`call`](Proxy::call) functions of your own.
    pub fn proxy(&self) -> &Proxy<Namespace> {
        &self.0
    }

    /// Gives a name to a value, in the place of whatever had it.
    ///
    /// # Errors
    /// See [`NamespaceProxy`].
    pub fn set<T: Item>(&self, name: &str, value: T) -> Result<(), ManagerError> {
        let set = |space: &mut Namespace, name: String, value: T| {
            space.0.insert(name, Box::new(value));
        };
        self.0.call_quick(set, (name.to_owned(), value))
    }

    /// A copy of the value with that name.
    ///
    /// # Errors
    /// See [`NamespaceProxy`]; [`ManagerError::WrongType`] if it is no `T`.
    pub fn get<T: Item + Clone>(&self, name: &str) -> Result<Option<T>, ManagerError> {
        let copy = |space: &Namespace, name: String| {
            let value = space.0.get(&name)?;
            Some(value.downcast_ref::<T>().cloned())
        };
        let found: Option<Option<T>> = self.0.call_quick(copy, (name.to_owned(),))?;
        found.map(|value| value.ok_or(ManagerError::WrongType)).transpose()
    }

    /// Takes the value with that name out; `false` if there is none.
    ///
    /// # Errors
    /// See [`NamespaceProxy`].
    pub fn remove(&self, name: &str) -> Result<bool, ManagerError> {
        let remove = |space: &mut Namespace, name: String| space.0.remove(&name).is_some();
        self.0.call_quick(remove, (name.to_owned(),))
    }

    /// The names there are, in order.
    ///
    /// # Errors
    /// See [`NamespaceProxy`].
    pub fn names(&self) -> Result<Vec<String>, ManagerError> {
        let names = |space: &Namespace| {
            let mut names: Vec<String> = space.0.keys().cloned().collect();
            names.sort_unstable();
            names
        };
        self.0.call_quick(names, ())
    }
}
