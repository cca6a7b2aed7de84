//! A pool of processes in a program without the main guard is refused, and says what to do.

use pool::{PoolError, ProcessPool};
use proc_spawn::SpawnError;

fn main() {
    let refused = ProcessPool::new(2);
    let Err(PoolError::Spawn(error @ SpawnError::NotInitialized)) = refused else {
        panic!("expected a refusal, got {refused:?}");
    };
    assert!(error.to_string().contains("proc_spawn::init();"), "{error}");
    assert!(proc_spawn::active_children().is_empty());
}
