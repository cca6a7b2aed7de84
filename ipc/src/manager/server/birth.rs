//! New objects.

use std::any::{Any, TypeId};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use crate::endpoint::Endpoint;
use crate::heap::Role;
use crate::manager::function::Client;
use crate::manager::lease::Token;
use crate::manager::managed::Managed;

/// A constructor with its arguments.
pub(in crate::manager) trait Birth: Send {
    /// Makes the object, once.
    fn bear(&mut self) -> io::Result<Option<Newborn>>;
}

/// Tells an object that a client is gone.
pub(super) type OnDeath = fn(&mut dyn Any, &Client);

/// An object that nobody knows yet.
pub(in crate::manager) struct Newborn {
    pub(super) object: Box<dyn Any + Send>,
    pub(super) on_death: Option<OnDeath>,
    pub(super) is_plain: bool,
    /// Tells its type.
    pub(super) kind: u64,
    /// At its other end are all leases of the object. Nothing is ever sent.
    pub(super) tenants: Endpoint,
}

impl Newborn {
    pub(in crate::manager) fn new<T: Managed>(object: T) -> io::Result<Newborn> {
        let on_death: OnDeath = |object, client| {
            if let Some(object) = object.downcast_mut::<T>() {
                object.client_gone(client);
            }
        };
        Ok(Newborn {
            object: Box::new(object),
            on_death: T::HEARS_OF_DEATHS.then_some(on_death),
            is_plain: T::is_plain(),
            kind: kind_of::<T>(),
            tenants: Endpoint::create::<Token<T>>(Some(1), Role::Receiver)?,
        })
    }
}

/// Tells types apart, within one build.
pub(in crate::manager) fn kind_of<T: 'static>() -> u64 {
    let mut hasher = DefaultHasher::new();
    TypeId::of::<T>().hash(&mut hasher);
    hasher.finish()
}
