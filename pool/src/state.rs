//! What the initializer has made for the tasks of its worker.

use std::any::Any;
use std::cell::RefCell;

thread_local! {
    /// A worker is one thread, in its process or in this one.
    static STATE: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Lets a task use what the initializer of its pool has returned: a connection, a cache, a model. Each
/// worker has its own, which no other touches. `None` if this thread is no worker of a pool whose
/// [initializer](crate::Builder::initializer) returns a `T`.
///
/// # Panics
///
/// If `f` itself asks for the state.
///
/// # Example
///
/// ```
/// use pool::{Pool, with_state};
///
/// fn connect(address: String) -> Vec<String> {
///     vec![format!("connected to {address}")]
/// }
///
/// fn ask(question: String) -> usize {
///     with_state(|log: &mut Vec<String>| {
///         log.push(question);
///         log.len()
///     })
///     .expect("the initializer makes it")
/// }
///
/// let pool = Pool::builder().workers(1).initializer(connect, "here".to_owned()).threads()?;
/// assert_eq!(pool.map(ask, ["why".to_owned(), "how".to_owned()])?, [2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn with_state<T: 'static, R>(f: impl FnOnce(&mut T) -> R) -> Option<R> {
    STATE.with_borrow_mut(|state| state.as_mut()?.downcast_mut().map(f))
}

/// The worker has this state from now on, or none.
pub(crate) fn set_state(state: Option<Box<dyn Any>>) {
    let before = STATE.replace(state);
    crate::call::drop_quietly(before);
}
