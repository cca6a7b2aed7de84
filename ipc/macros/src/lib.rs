//! The attribute of ipc, which re-exports it as `ipc::managed`.

mod managed;
mod method;

use proc_macro::TokenStream;

/// Makes a type that a `Manager` can hold of one with an `impl` block.
///
/// It goes on the `impl` block of a type `Counter` and gives the type a proxy, `CounterProxy`, with the same
/// methods: each is a call of the server and returns what the method does, in a `Result` with
/// `ManagerError`. `new` is what the object is created by, `manager.create::<Counter>(args)`: `args` is its
/// one argument, `()` for none, a tuple of several. Without a `new` it is created by `Default`.
///
/// Methods with a receiver `&self` or `&mut self` are in the proxy, with the visibility they have. Arguments
/// and results are serde; a parameter may be a reference (`&str`, `&[T]`, `&T`), a result may not.
#[proc_macro_attribute]
pub fn managed(arguments: TokenStream, item: TokenStream) -> TokenStream {
    managed::expand(arguments.into(), item.into()).into()
}
