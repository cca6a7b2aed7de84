//! A mutex for crash-proof structures: it says when its last owner died, and nothing else.
#![expect(unsafe_code, reason = "links itself into the thread's robust list")]

use core::marker::PhantomData;

use crate::deadline::Deadline;
use crate::futex::robust::Head;
use crate::raw::identity::{self, Me};
use crate::raw::robust::{Node, Taken};

/// A bare mutex in shared memory that passes to the next thread when its owner dies.
///
/// It guards no value and knows no poison: [`RobustGuard::owner_died`] says that this acquisition
/// took it over from a dead *thread*, whose work may be half done. It does not wait for the dead
/// thread's process, so what it protects may be written by nothing but the owning thread's own
/// instructions between lock and unlock (no system call that writes there, no helper thread).
/// For data of users take `Lock`.
///
/// All-zero bytes are a new mutex.
///
/// # Process death
///
/// At any instruction of `lock`, of the section and of the unlock: the next locker gets the
/// mutex, with `owner_died() == true` if the dead thread may have been in its section.
#[repr(C)]
#[derive(Debug)]
pub struct RobustMutex {
    node: Node,
}

/// The section of a [`RobustMutex`]; ends when dropped. It stays on its thread.
#[derive(Debug)]
#[must_use = "the mutex is unlocked when this is dropped"]
pub struct RobustGuard<'a> {
    mutex: &'a RobustMutex,
    owner_died: bool,
    /// Not `Send`: the kernel knows the owner by its thread.
    thread: PhantomData<*const ()>,
}

impl RobustMutex {
    /// A new, free mutex.
    pub const fn new() -> Self {
        Self { node: Node::NEW }
    }

    /// Locks.
    ///
    /// # Panics
    ///
    /// If this system keeps robust lists in an unknown form (see
    /// [`process::supported`](crate::process::supported)), or if the calling thread holds too
    /// many of them (512).
    ///
    /// # Safety
    ///
    /// The mutex lies in memory that all its users share, and that stays mapped at this address
    /// until the guard is dropped or the thread has ended, even if the guard is forgotten. A
    /// child made by `fork` does not drop a guard of its parent's.
    #[inline]
    pub unsafe fn lock(&self) -> RobustGuard<'_> {
        // SAFETY: the caller's promise.
        match unsafe { self.lock_until(Deadline::never()) } {
            Some(guard) => guard,
            None => unreachable!("never does not pass"),
        }
    }

    /// Locks, unless the deadline passes first.
    ///
    /// # Panics
    ///
    /// As [`lock`](Self::lock).
    ///
    /// # Safety
    ///
    /// As [`lock`](Self::lock).
    #[inline]
    pub unsafe fn lock_until(&self, deadline: Deadline) -> Option<RobustGuard<'_>> {
        identity::with(|me| {
            let head = list(me);
            me.count_one();
            head.begin(self.node.address());
            let taken = if self.node.word().try_take(me) {
                Some(Taken::Free)
            } else {
                self.node.word().take_contended(me, deadline, || true)
            };
            if taken.is_some() {
                // SAFETY: the word is ours; the memory stays by the caller's promise. A node is
                // on no list while its word is free, and a dead owner's list is gone.
                unsafe { self.node.link(head) };
            } else {
                me.count_off();
            }
            head.done();
            let owner_died = taken? == Taken::FromTheDead;
            Some(RobustGuard { mutex: self, owner_died, thread: PhantomData })
        })
    }
}

impl Default for RobustMutex {
    fn default() -> Self {
        Self::new()
    }
}

impl RobustGuard<'_> {
    /// Whether the last owner died with the mutex locked: what it protects may be half changed.
    pub fn owner_died(&self) -> bool {
        self.owner_died
    }
}

impl Drop for RobustGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        let node = &self.mutex.node;
        identity::known(|me| {
            if !node.word().owned_by(me) {
                // A forked child has a copy of its parent's guard, but not the mutex.
                return;
            }
            let head = list(me);
            head.begin(node.address());
            // SAFETY: linked when this guard was made, on this very thread.
            unsafe { node.unlink(head) };
            me.count_off();
            node.word().release(me, 0);
            head.done();
        });
    }
}

fn list(me: &Me) -> &Head {
    match me.head() {
        Some(head) => head,
        None => panic!("a robust mutex needs a C library whose list of locks is known"),
    }
}
