//! One word that two processes share, of which one need not belong to the program yet.
#![expect(unsafe_code, reason = "a shared page is raw memory")]

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::atomic::AtomicU32;

use crate::sys::memory::{self, Map, Memory};

/// An atomic word in memory of its own, which a process maps that was given it. The kernel frees it with the
/// last of them.
///
/// Whoever belongs to the program takes a [`Shared`](crate::Shared) instead, which can be sent.
///
/// # Process death
///
/// What was stored stays, whoever dies.
///
/// # Example
///
/// ```
/// use ipc::rendezvous::SharedWord;
/// use std::sync::atomic::Ordering::Relaxed;
///
/// let (word, memory) = SharedWord::new()?;
/// let theirs = SharedWord::in_memory(memory)?;
/// theirs.store(7, Relaxed);
/// assert_eq!(word.load(Relaxed), 7);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct SharedWord(Map);

impl SharedWord {
    const SIZE: u64 = size_of::<AtomicU32>() as u64;

    /// A word that is zero, and its memory, to give to another process.
    ///
    /// # Errors
    /// The system has no memory or no descriptors left.
    pub fn new() -> io::Result<(SharedWord, Memory)> {
        let memory = memory::create(Self::SIZE)?;
        let word = SharedWord(memory::map(&memory, Self::SIZE)?);
        Ok((word, memory))
    }

    /// The word in memory that came from [`new`](Self::new).
    ///
    /// # Errors
    /// It is other memory, or the system has none left to map it.
    pub fn in_memory(memory: Memory) -> io::Result<SharedWord> {
        if memory::sealed_size(&memory)? != Self::SIZE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no word is shared there"));
        }
        memory::map(&memory, Self::SIZE).map(SharedWord)
    }

    /// Keeps the word out of the children that this process forks: there, the word must not be used nor
    /// dropped.
    ///
    /// # Errors
    /// The kernel cannot do it.
    pub fn keep_from_forks(&self) -> io::Result<()> {
        memory::keep_from_forks(&self.0)
    }
}

impl Deref for SharedWord {
    type Target = AtomicU32;

    fn deref(&self) -> &AtomicU32 {
        // SAFETY: mapped as long as `self` lives, page-aligned, at least as large, sealed against
        // shrinking, and only used as an atomic.
        unsafe { &*self.0.as_mut_ptr().cast::<AtomicU32>() }
    }
}

impl fmt::Debug for SharedWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedWord").field(&**self).finish()
    }
}
