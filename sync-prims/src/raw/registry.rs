//! The ranges of memory in which a lock may be linked, and who knows about their processes.
#![expect(unsafe_code, reason = "the caller vouches for the memory")]

use core::ops::Range;
use std::io;
use std::sync::Arc;

use crate::deadline::Deadline;
use crate::futex::{self, robust};
use crate::primitive::{AtomicUsize, Ordering};
use crate::raw::event_count::EventCount;
use crate::raw::held;
use crate::raw::identity;
use crate::raw::private::Private;

/// Tells which process this is, and when another one is gone, among those that share a range of
/// memory.
///
/// Crate `ipc` has one for a program's shared memory. Only a witness can say that a *process* is
/// gone: a lock's owner is a thread, and other threads of its process may outlive it.
pub trait Witness: Send + Sync {
    /// This process's number among those that share the memory: not zero, not `u32::MAX`, and not given to
    /// another process while any lock may still bear it. It is asked for once at registration
    /// and again in a forked child, which is another process; zero says that this process takes
    /// no part, and its locks in the range then work without recovery. So do, where the system has
    /// no robust list (macOS, Windows), those of a process with a number of 2^29 or more.
    fn me(&self) -> u32;

    /// Waits until no thread of `process` can write to the memory any more, and says whether
    /// that is so; `false` means that the deadline came first. It has to go by the kernel's
    /// word, never by the time that has passed.
    fn wait_gone(&self, process: u32, deadline: Deadline) -> bool;

    /// What the memory is called, by the same number in every process that shares it; no other
    /// memory on this machine is called so.
    ///
    /// Only a system that does not know a word by the memory it lies in asks for it (Windows). There
    /// a sleeper that another process is to wake looks again every 20 milliseconds without it.
    fn memory(&self) -> Option<u128> {
        None
    }

    /// Where deaths are told: an event count in the shared memory on which somebody calls
    /// [`notify_after_death`](EventCount::notify_after_death) after each process that is gone, as
    /// soon as `wait_gone` says so of it. Without one, whoever waits for something that a process
    /// may die with looks after the processes every 20 milliseconds. Give none on a thread on
    /// which the telling depends: that one would wait for itself.
    fn deaths(&self) -> Option<&EventCount> {
        None
    }
}

struct Entry {
    range: Range<usize>,
    /// 0: to be asked for again (a forked child).
    process: u32,
    witness: Arc<dyn Witness>,
}

/// What is known about an address: the stretch around it in which the same is true.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) start: usize,
    pub(crate) length: usize,
    /// This process's number there; 0 outside the registered ranges.
    pub(crate) process: u32,
}

static ENTRIES: Private<Vec<Entry>> = Private::new(Vec::new());

/// Changes whenever a cached answer may have become wrong.
static EPOCH: AtomicUsize = AtomicUsize::new(1);

/// A cached answer holds as long as this number stays the same.
#[inline]
pub(crate) fn epoch() -> usize {
    // Relaxed: whoever gets to use memory that was unregistered (and perhaps mapped anew) has
    // synchronised with the thread that did so, and thus sees the new number.
    EPOCH.load(Ordering::Relaxed)
}

/// Declares that `range` outlives every lock in it, and so lets the process-scope locks in it be
/// recovered when their owner dies.
///
/// # Errors
///
/// `Unsupported` if this system's C library keeps its list of locks in a form that we do not
/// know; `InvalidInput` if the range is empty or overlaps a registered one, or if the witness
/// gives this process the number zero.
///
/// # Safety
///
/// Until `unregister` is called for it, the whole range stays mapped, shared and writable at
/// this address. `unregister` is not called, and a part of the range is not given to another
/// use, while [`guard_held_in`] says that a lock in it is held, forgotten guards included.
/// `witness` keeps its promises. No lock in the range is held at the time of the call, and every
/// process that uses one there has registered it too.
pub unsafe fn register(range: Range<*const u8>, witness: Arc<dyn Witness>) -> io::Result<()> {
    identity::check_supported()?;
    let range = range.start.expose_provenance()..range.end.expose_provenance();
    let process = witness.me();
    if range.is_empty() || process == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "an empty range or no process"));
    }
    ENTRIES.with(|entries| {
        if entries.iter().any(|e| e.range.start < range.end && range.start < e.range.end) {
            let text = "the range overlaps one that is registered already";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        if let Some(name) = witness.memory() {
            futex::name_memory(range.clone(), name);
        }
        entries.push(Entry { range, process, witness });
        EPOCH.fetch_add(1, Ordering::Relaxed);
        Ok(())
    })
}

/// Ends what [`register`] began, before the memory is unmapped. A range that is not registered is
/// ignored.
///
/// Ask [`guard_held_in`] first: memory with a held lock in it has to stay.
pub fn unregister(range: Range<*const u8>) {
    let range = range.start.addr()..range.end.addr();
    let witness = ENTRIES.with(|entries| {
        let index = entries.iter().position(|entry| entry.range == range)?;
        EPOCH.fetch_add(1, Ordering::Relaxed);
        futex::forget_memory(&range);
        Some(entries.swap_remove(index).witness)
    });
    // Dropped outside of the lock: it is foreign code.
    drop(witness);
}

/// Whether a thread of this process holds a lock in `range`, or has ended with one in its hands
/// (a guard that was forgotten). Memory for which this is true must be neither unmapped nor
/// reused: the thread's list of locks runs through it.
pub fn guard_held_in(range: Range<*const u8>) -> bool {
    held::held_in(&(range.start.addr()..range.end.addr()))
}

/// Looks an address up, and what holds around it.
#[cold]
pub(crate) fn look_up(address: usize) -> Stretch {
    loop {
        let asked = ENTRIES.with(|entries| {
            let mut gap = 0..usize::MAX;
            for entry in entries.iter() {
                if entry.range.contains(&address) {
                    return if entry.process == 0 {
                        Err((entry.range.clone(), Arc::clone(&entry.witness)))
                    } else {
                        Ok((entry.range.clone(), entry.process))
                    };
                }
                if entry.range.end <= address {
                    gap.start = gap.start.max(entry.range.end);
                } else {
                    gap.end = gap.end.min(entry.range.start);
                }
            }
            Ok((gap, 0))
        });
        match asked {
            Ok((range, process)) => {
                return Stretch { start: range.start, length: range.end - range.start, process };
            }
            Err((range, witness)) => {
                let process = witness.me();
                if process == 0 {
                    return Stretch {
                        start: range.start,
                        length: range.end - range.start,
                        process: 0,
                    };
                }
                ENTRIES.with(|entries| {
                    for entry in entries.iter_mut().filter(|entry| entry.range == range) {
                        entry.process = process;
                    }
                });
            }
        }
    }
}

/// The witness for an address.
pub(crate) fn witness(address: usize) -> Option<Arc<dyn Witness>> {
    ENTRIES.with(|entries| {
        let entry = entries.iter().find(|entry| entry.range.contains(&address))?;
        Some(Arc::clone(&entry.witness))
    })
}

/// Before a fork: nobody is in the middle of a change.
pub(crate) extern "C" fn before_fork() {
    ENTRIES.lock_for_fork();
}

/// After a fork, in the parent.
pub(crate) extern "C" fn parent_after_fork() {
    ENTRIES.unlock_after_fork(|_| {});
}

/// After a fork, in the child: it is another process, and owns nothing.
pub(crate) extern "C" fn child_after_fork() {
    ENTRIES.unlock_after_fork(|entries| {
        for entry in entries {
            entry.process = 0;
        }
    });
    EPOCH.fetch_add(1, Ordering::Relaxed);
    identity::forget_parent();
}

/// Has this process notice that it is the child of a fork, if the C library was not told of that (a bare `clone`) and so
/// has called none of the functions that are to be called then: what this crate knows about the calling thread is
/// its parent's. Elsewhere it does nothing.
///
/// To be called on the only thread of the child, before it uses any lock.
///
/// ```
/// // In no child.
/// let lock = sync_prims::thread::RLock::new(());
/// let guard = lock.lock().unwrap();
/// sync_prims::process::notice_fork();
/// assert!(lock.try_lock().is_ok());
/// # drop(guard);
/// ```
pub fn notice_fork() {
    if identity::is_a_parents() {
        before_fork();
        child_after_fork();
    }
}

/// Whether this system can tell the next owner of a lock that the last one died.
///
/// # Errors
///
/// `Unsupported`, with the reason.
pub fn supported() -> io::Result<()> {
    identity::check_supported()
}

pub(crate) fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, robust::UNSUPPORTED)
}
