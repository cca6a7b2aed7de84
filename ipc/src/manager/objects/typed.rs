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

pub(super) use typed_proxy;

use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a managed container can hold: any value that can be sent. All such types have it.
pub trait Item: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Item for T {}

/// What a managed dict or set can find its items by. All such types have it.
pub trait Key: Item + Eq + Hash {}

impl<T: Item + Eq + Hash> Key for T {}
