//! The attribute of proc-spawn, which re-exports it as `proc_spawn::main`.

mod main_guard;

use proc_macro::TokenStream;

/// Makes a `main` whose program can start processes.
///
/// It calls [`init`](../proc_spawn/fn.init.html) before the body, so that a child runs the function
/// that it was started for and never the body. After the body it waits for the threads that were
/// started with `Thread::spawn`, unless they are daemons or were detached.
///
/// `main` may return anything that a plain `main` may. It may be `async` if a runtime's own
/// attribute stands beside this one, in either order:
///
/// ```text
/// #[proc_spawn::main]
/// #[tokio::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> { … }
/// ```
///
/// The guard comes first even then: a child must not have threads before it.
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    main_guard::expand(arguments.into(), item.into()).into()
}
