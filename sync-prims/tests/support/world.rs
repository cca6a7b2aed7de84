//! The worlds in which the behaviour suites run.

use sync_prims::{Processes, Scope, Threads};

use super::arena::Arena;

/// A scope, and memory for its primitives.
pub trait World {
    type Scope: Scope;
    fn place<T: Sync>(value: T) -> &'static T;
}

/// Thread scope on the heap.
pub struct OnThreads;
/// Process scope in registered shared memory.
pub struct InSharedMemory;
/// Process scope on the heap, where nothing is linked.
pub struct Unregistered;

impl World for OnThreads {
    type Scope = Threads;
    fn place<T: Sync>(value: T) -> &'static T {
        Box::leak(Box::new(value))
    }
}

impl World for InSharedMemory {
    type Scope = Processes;
    fn place<T: Sync>(value: T) -> &'static T {
        Arena::shared().place(value)
    }
}

impl World for Unregistered {
    type Scope = Processes;
    fn place<T: Sync>(value: T) -> &'static T {
        Box::leak(Box::new(value))
    }
}

/// Makes a `#[test]` of each generic function, in every world.
#[macro_export]
macro_rules! in_every_world {
    ($($name:ident),* $(,)?) => {
        mod on_threads { $(#[test] fn $name() { super::support::guarded(super::$name::<super::support::world::OnThreads>); })* }
        mod in_shared_memory { $(#[test] fn $name() { super::support::guarded(super::$name::<super::support::world::InSharedMemory>); })* }
        mod unregistered { $(#[test] fn $name() { super::support::guarded(super::$name::<super::support::world::Unregistered>); })* }
    };
}
