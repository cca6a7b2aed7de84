//! Whether a process is gone: the kernel's word, never the clock's.
//!
//! Where a sleep of this crate ends by itself, to look again:
//!
//! | bounded sleep | where | why |
//! |---|---|---|
//! | 1 ms to 1 s | `wait_gone`, for the owner of a lock | nothing tells of an exec |
//! | 1 ms to 50 ms | the same | the system had no descriptor for the owner, or no memory to wait for it |
//! | 20 ms | a [`Teller`], for the owner of a lock, where the system does not pass on the locks of the dead | it would have to tell itself |
//! | 50 ms | `sleep.rs`, `wait/all.rs`, in a process without a keeper | the system had no thread for one |
//! | 50 ms | `keeper.rs` | the system had no descriptor for whom it has to watch, or no memory to wait for all |

use std::cell::Cell;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sync_prims::Deadline;
use sync_prims::process::Witness;
use sync_prims::raw::EventCount;

use crate::heap::{Heap, ProcessId, State};
use crate::sleep::SLICE;
use crate::sys::descriptor::AsDescriptor;
use crate::sys::life::{self, Sentinel};
use crate::sys::{fork, memory, readiness};

thread_local! {
    /// How many this thread has.
    static TELLERS: Cell<u32> = const { Cell::new(0) };
}

/// While a thread has one, it is of those who tell of deaths. Where it waits for a lock it looks after the owner by
/// itself: until it has the lock, nobody else may tell.
#[derive(Debug)]
pub(crate) struct Teller(PhantomData<*const ()>);

impl Teller {
    pub(crate) fn new() -> Teller {
        TELLERS.set(TELLERS.get() + 1);
        Teller(PhantomData)
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        TELLERS.set(TELLERS.get() - 1);
    }
}

/// Looks at the life marks on behalf of one process.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    heap: Arc<Heap>,
    me: ProcessId,
}

impl Life {
    pub(crate) fn new(heap: Arc<Heap>, me: ProcessId) -> Life {
        Life { heap, me }
    }

    /// Whether no thread of `process` can touch the heap any more. One that was reserved but has
    /// not joined is not gone: only who started it can tell.
    pub(crate) fn is_gone(&self, process: ProcessId) -> io::Result<bool> {
        if process == self.me {
            return Ok(false);
        }
        let Some((state, pid)) = self.heap.life_of(process) else { return Ok(true) };
        if state != State::Joined {
            return Ok(false);
        }
        let lives = life::is_held(self.heap.memory(), Heap::life_byte(process), pid)?;
        // Its place may have gone to another process between the two looks; then it is gone as well.
        Ok(!lives || self.heap.life_of(process).is_none())
    }

    /// What becomes ready when `process` ends; `None` if it is gone already.
    pub(crate) fn watch(&self, process: ProcessId) -> io::Result<Option<Sentinel>> {
        let Some((_, pid)) = self.heap.life_of(process) else { return Ok(None) };
        let sentinel = Sentinel::open(pid);
        // Looked at after the sentinel was opened: the mark's holder was alive then, so the
        // sentinel is of that process and not of a later one with the same number.
        // One that this process may not watch is a later one, too, if this one is gone.
        if self.is_gone(process)? { Ok(None) } else { sentinel }
    }

    fn wait_gone_io(&self, process: ProcessId, deadline: Deadline) -> io::Result<bool> {
        // The end of a process wakes the poll. An exec does not, though it ends the life mark, and
        // no other event tells of it: so look again, less and less often.
        let mut slice = Duration::from_millis(1);
        loop {
            if self.is_gone(process)? {
                return Ok(true);
            }
            if deadline.passed() {
                return Ok(false);
            }
            let left = deadline.remaining().map_or(slice, |left| left.min(slice));
            let waited = match self.watch(process) {
                Ok(Some(sentinel)) => readiness::readable(&[sentinel.descriptor()], Some(left)),
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            if waited.is_err() {
                // sleep: there is nothing to wait by.
                thread::sleep(left.min(SLICE));
            }
            slice = (slice * 2).min(Duration::from_secs(1));
        }
    }
}

impl Witness for Life {
    fn memory(&self) -> Option<u128> {
        memory::name(self.heap.memory())
    }

    fn deaths(&self) -> Option<&EventCount> {
        (TELLERS.get() == 0).then(|| self.heap.deaths())
    }

    fn me(&self) -> u32 {
        // The child of a plain fork is no process of the program and takes no part.
        if fork::forked() { 0 } else { self.me.raw() }
    }

    fn wait_gone(&self, process: u32, deadline: Deadline) -> bool {
        let Some(process) = ProcessId::from_raw(process) else { return true };
        self.wait_gone_io(process, deadline).unwrap_or_else(|error| {
            // To guess would be to break the lock's promise.
            panic!("cannot tell whether a process that held a lock is gone: {error}")
        })
    }
}
