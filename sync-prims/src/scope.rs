//! The two scopes in which the primitives work.

use core::fmt::Debug;

/// Between which parties a primitive works: [`Threads`] or [`Processes`]. Nothing else can be a
/// scope.
///
/// The aliases in [`thread`](crate::thread) and [`process`](crate::process) fix it, and most code
/// uses those; name `Scope` to write code that works in both.
///
/// ```
/// use sync_prims::{Lock, LockResult, Scope};
///
/// /// Adds one, be it among threads or among processes.
/// fn bump<S: Scope>(counter: &Lock<u64, S>) {
///     *counter.lock().expect("nobody dies here") += 1;
/// }
///
/// let counter = sync_prims::thread::Lock::new(0);
/// bump(&counter);
/// assert_eq!(counter.into_inner().ok(), Some(1));
/// ```
pub trait Scope: sealed::Scope + Debug + Send + Sync + 'static {}

/// Between the threads of one process: small and fast.
#[derive(Debug)]
pub enum Threads {}

/// Between all threads of all processes that map the primitive's memory: proof against the death
/// of any of them.
#[derive(Debug)]
pub enum Processes {}

impl Scope for Threads {}
impl Scope for Processes {}

pub(crate) mod sealed {
    use super::{Processes, Threads};
    use crate::raw::barrier::{self, Roster};
    use crate::raw::barrier_processes;
    use crate::raw::condition::{Condition, SharedCondition};
    use crate::raw::event::{Event, RobustEvent};
    use crate::raw::process_lock::ProcessLock;
    use crate::raw::rwlock_processes::ProcessRwLock;
    use crate::raw::rwlock_threads::ThreadRwLock;
    use crate::raw::semaphore::{self, Holders};
    use crate::raw::semaphore_processes;
    use crate::raw::thread_lock::ThreadLock;
    use crate::raw::thread_rlock::ThreadRLock;
    use crate::raw::{RawCondition, RawEvent, RawLock, RawReentrant, RawRwLock};

    pub trait Scope {
        type Lock: RawLock;
        type RLock: RawReentrant;
        type RwLock: RawRwLock;
        type Event: RawEvent;
        type Condition: RawCondition;
        type Holders: Holders;
        type Roster: Roster;
    }

    impl Scope for Threads {
        type Lock = ThreadLock;
        type RLock = ThreadRLock;
        type RwLock = ThreadRwLock;
        type Event = Event;
        type Condition = Condition;
        type Holders = semaphore::Threads;
        type Roster = barrier::Threads;
    }

    impl Scope for Processes {
        type Lock = ProcessLock;
        type RLock = ProcessLock;
        type RwLock = ProcessRwLock;
        type Event = RobustEvent;
        type Condition = SharedCondition;
        type Holders = semaphore_processes::Processes;
        type Roster = barrier_processes::Processes;
    }
}
