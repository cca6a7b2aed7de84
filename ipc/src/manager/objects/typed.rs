//! What all typed proxies have in common.

/// A proxy with a type's own methods, of objects of that type.
macro_rules! typed_proxy {
    ($(#[$doc:meta])* $name:ident[$($parameter:ident: $bound:path),*] of $object:ty) => {
        $(#[$doc])*
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(transparent, bound(serialize = "", deserialize = ""))]
        pub struct $name<$($parameter: 'static),*>($crate::manager::proxy::Proxy<$object>);

        impl<$($parameter: 'static),*> Clone for $name<$($parameter),*> {
            fn clone(&self) -> Self {
                $name(self.0.clone())
            }
        }

        impl<$($parameter: 'static),*> std::fmt::Debug for $name<$($parameter),*> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl<$($parameter: 'static),*> From<$crate::manager::proxy::Proxy<$object>>
            for $name<$($parameter),*>
        {
            fn from(proxy: $crate::manager::proxy::Proxy<$object>) -> Self {
                $name(proxy)
            }
        }

        impl<$($parameter: $bound),*> $crate::manager::managed::Typed for $name<$($parameter),*> {
            fn publish_at(
                &self,
                manager: &$crate::manager::front::Manager,
                name: &str,
            ) -> Result<(), $crate::manager::error::ManagerError> {
                manager.publish_object(name, &self.0)
            }

            fn find_at(
                manager: &$crate::manager::front::Manager,
                name: &str,
            ) -> Result<Self, $crate::manager::error::ManagerError> {
                manager.find_object::<$object>(name)
            }
        }
    };
}

/// What proxies of all containers do in the same way.
macro_rules! container_methods {
    ($name:ident[$($parameter:ident: $bound:path),*] of $object:ty, $item:ty) => {
        impl<$($parameter: $bound),*> $name<$($parameter),*> {
            /// The proxy without these methods, to [`call`](crate::Proxy::call) functions of your own.
            pub fn proxy(&self) -> &$crate::manager::proxy::Proxy<$object> {
                &self.0
            }

            /// Puts all of them in, in their order.
            ///
            /// # Errors
            /// As [`Proxy::call`](crate::Proxy::call).
            pub fn extend(
                &self,
                items: impl IntoIterator<Item = $item>,
            ) -> Result<(), $crate::manager::error::ManagerError> {
                let items: Vec<$item> = items.into_iter().collect();
                let extend = |all: &mut $object, items: Vec<$item>| all.extend(items);
                self.0.call_quick(extend, (items,))
            }

            /// How many there are in it.
            ///
            /// # Errors
            /// As [`Proxy::call`](crate::Proxy::call).
            pub fn len(&self) -> Result<usize, $crate::manager::error::ManagerError> {
                self.0.call_quick(<$object>::len, ())
            }

            /// Whether there is nothing in it.
            ///
            /// # Errors
            /// As [`Proxy::call`](crate::Proxy::call).
            pub fn is_empty(&self) -> Result<bool, $crate::manager::error::ManagerError> {
                self.0.call_quick(<$object>::is_empty, ())
            }

            /// Takes everything out.
            ///
            /// # Errors
            /// As [`Proxy::call`](crate::Proxy::call).
            pub fn clear(&self) -> Result<(), $crate::manager::error::ManagerError> {
                self.0.call_quick(<$object>::clear, ())
            }

            /// Calls a function on the whole of it, at the server, in one step; see
            /// [`Proxy::update`](crate::Proxy::update).
            ///
            /// # Errors
            /// As [`Proxy::call`](crate::Proxy::call).
            pub fn update<F, R>(
                &self,
                function: F,
            ) -> Result<R, $crate::manager::error::ManagerError>
            where
                F: Fn(&mut $object) -> R + Copy + 'static,
                R: serde::Serialize + serde::de::DeserializeOwned,
            {
                self.0.update(function)
            }
        }
    };
}

pub(super) use {container_methods, typed_proxy};

use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a managed container can hold: any value that can be sent. All such types have it.
pub trait Item: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Item for T {}

/// What a managed dict or set can find its items by. All such types have it.
pub trait Key: Item + Eq + Hash {}

impl<T: Item + Eq + Hash> Key for T {}
