//! What keeps an object alive for a proxy.

use std::marker::PhantomData;
use std::sync::Arc;

use super::link::Link;
use crate::channel::Sender;

/// Stands for a proxy of a `T`: the object lives as long as somebody holds one, or a message does.
pub(super) struct Token<T>(PhantomData<fn() -> T>);

pub(super) enum Lease<T> {
    /// A handle: it travels with the proxy.
    Program(Sender<Token<T>>),
    /// The server counts for this process, as long as the link is there.
    Network(Arc<Rented>),
}

impl<T> Clone for Lease<T> {
    fn clone(&self) -> Lease<T> {
        match self {
            Lease::Program(sender) => Lease::Program(sender.clone()),
            Lease::Network(rented) => Lease::Network(Arc::clone(rented)),
        }
    }
}

/// One that the server counts.
pub(super) struct Rented {
    pub(super) link: Arc<Link>,
    pub(super) object: u64,
}

impl Drop for Rented {
    fn drop(&mut self) {
        self.link.release(self.object);
    }
}
