//! The kernel's robust list: the words that it marks when the thread that owns them dies.
//!
//! libc registers one list head per thread and keeps its own robust mutexes on it; there can be
//! only one. So our locks go onto *libc's* list, as nodes that look like libc's own:
//!
//! ```text
//!   glibc: word at 0, prev at 24, next at 32 (futex_offset -32)
//!   musl:  word at 4, prev at 24, next at 32 (futex_offset -28)
//! ```
//!
//! A node's address is that of its `next`. Both libcs keep `prev` in the word below and write to
//! it in a neighbour, which is why it must be there. These layouts cannot change: a process-shared
//! mutex may be mapped by programs with different versions of the same libc. They are checked
//! once per thread all the same, and anything else is `Unsupported`.
//!
//! The head and the links are touched by their own thread only, and by the kernel after that
//! thread is dead, so plain program order is enough: every ordering is `Relaxed`, and compiler
//! fences keep the steps in the order in which a death between them is repaired.
#![expect(unsafe_code, reason = "links lie at addresses kept in memory, in libc's own structures")]

use core::mem::offset_of;
use core::time::Duration;

use crate::futex::Word;
use crate::primitive::{AtomicU32, AtomicUsize, Ordering, compiler_fence};

/// The two link fields of a node, at bytes 24 and 32 of the structure that holds the word.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Links {
    prev: AtomicUsize,
    next: AtomicUsize,
}

/// `struct robust_list_head`.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Head {
    list: AtomicUsize,
    /// From a node to its word, as a signed number.
    offset: AtomicUsize,
    pending: AtomicUsize,
}

/// Which of the first two 32-bit words of a node is the futex word.
#[cfg(not(target_env = "musl"))]
pub(crate) const WORD: usize = 0;
/// Which of the first two 32-bit words of a node is the futex word.
#[cfg(target_env = "musl")]
pub(crate) const WORD: usize = 1;

/// Whether the system marks the words of a thread that dies, and wakes whom it owed a wake-up.
pub(crate) const MARKS: bool = true;

/// Why memory cannot be registered.
pub(crate) const UNSUPPORTED: &str =
    "this system's C library keeps its robust list in a form that is not known";

/// The layouts above are those of pointers of 64 bits.
#[cfg(target_pointer_width = "64")]
const KNOWN_WIDTH: bool = true;
/// Such a list is linked in one direction only.
#[cfg(not(target_pointer_width = "64"))]
const KNOWN_WIDTH: bool = false;

/// From a node to its word.
const OFFSET: usize = (WORD * 4).wrapping_sub(32);

/// In the *other* of the two words, this bit is not for the user of the node: see
/// [`mark_linked`].
pub(crate) const LINKED_MARK: u32 = 0x80;

/// Prepares the other word of a node that is about to be linked.
#[cfg(not(target_env = "musl"))]
pub(crate) fn mark_linked(_other: &AtomicU32) {}

/// Prepares the other word of a node that is about to be linked: musl's `pthread_exit` takes it
/// for the type of a mutex, and without this bit it would wake waiters of its own process only.
#[cfg(target_env = "musl")]
pub(crate) fn mark_linked(other: &AtomicU32) {
    if other.load(Ordering::Relaxed) & LINKED_MARK == 0 {
        other.fetch_or(LINKED_MARK, Ordering::Relaxed);
    }
}

/// Set in a word: somebody may sleep on it.
pub(crate) const WAITERS: u32 = libc::FUTEX_WAITERS;
/// Set in a word by the kernel: the thread that owned it is dead.
pub(crate) const OWNER_DIED: u32 = libc::FUTEX_OWNER_DIED;
/// The part of a word that holds its owner.
pub(crate) const OWNER: u32 = libc::FUTEX_TID_MASK;

/// How many locks one thread may hold at a time. The kernel gives up after 2,048, and libc's own
/// robust mutexes are on the same list.
pub(crate) const MAX_LINKED: u32 = 1024;
/// How many bare mutexes one thread may hold besides.
pub(crate) const MAX_BARE: u32 = 512;

impl Links {
    #[expect(clippy::declare_interior_mutable_const, reason = "an initialiser")]
    pub(crate) const NEW: Self = Self { prev: AtomicUsize::new(0), next: AtomicUsize::new(0) };

    /// Whether the owner of the lock has put it on its list.
    pub(crate) fn linked(&self) -> bool {
        self.next.load(Ordering::Relaxed) != 0
    }

    /// Forgets what a dead owner left in the links.
    pub(crate) fn reset(&self) {
        self.next.store(0, Ordering::Relaxed);
    }
}

impl Head {
    /// The list of the calling thread, if its layout is one that we know.
    pub(crate) fn current(before_fork: *const Head) -> Option<&'static Head> {
        let head = query().or_else(|| prompt_libc(before_fork))?;
        (KNOWN_WIDTH && head.offset.load(Ordering::Relaxed) == OFFSET).then_some(head)
    }

    /// From here to [`done`](Self::done), a death of this thread is also applied to the word of
    /// this node, linked or not: a word that this thread owns gets marked; on a word that nobody
    /// owns one sleeper is woken, so that a wake-up this thread owed or was given is not lost.
    #[inline]
    pub(crate) fn begin(&self, node: usize) {
        self.pending.store(node, Ordering::Relaxed);
        // SeqCst: pairs with the kernel's look at a thread that has died after this.
        compiler_fence(Ordering::SeqCst);
    }

    /// Ends what [`begin`](Self::begin) began.
    #[inline]
    pub(crate) fn done(&self) {
        // SeqCst: as in `begin`.
        compiler_fence(Ordering::SeqCst);
        self.pending.store(0, Ordering::Relaxed);
    }

    fn itself(&self) -> usize {
        core::ptr::from_ref(&self.list).expose_provenance()
    }
}

impl Head {
    /// Puts a node on the list.
    ///
    /// # Safety
    /// `self` is the list of the calling thread. The node stays where it is until it is
    /// unlinked or this thread is dead. It is not on a list.
    #[inline]
    pub(crate) unsafe fn link(&self, links: &Links) {
        let node = node_of(links);
        let first = self.list.load(Ordering::Relaxed);
        links.next.store(first, Ordering::Relaxed);
        links.prev.store(self.itself(), Ordering::Relaxed);
        if first & !1 != self.itself() {
            // SAFETY: `first` is a linked node, so it is still in place, and the word below
            // it is its `prev` in libc's nodes as in ours.
            unsafe { field(first, -8) }.store(node, Ordering::Relaxed);
        }
        // The kernel may walk the list after any instruction: the node is whole before it
        // can be reached.
        compiler_fence(Ordering::SeqCst);
        self.list.store(node, Ordering::Relaxed);
    }

    /// Takes a node off the list.
    ///
    /// # Safety
    /// `self` is the list of the calling thread, and the node is on it.
    #[inline]
    pub(crate) unsafe fn unlink(&self, links: &Links) {
        let next = links.next.load(Ordering::Relaxed);
        let prev = links.prev.load(Ordering::Relaxed);
        if next & !1 != self.itself() {
            // SAFETY: a linked neighbour, still in place; see `link`.
            unsafe { field(next, -8) }.store(prev, Ordering::Relaxed);
        }
        // SAFETY: a linked neighbour or the head; both start with `next`.
        unsafe { field(prev, 0) }.store(next, Ordering::Relaxed);
        links.next.store(0, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
    }
}

/// The pointer `by` bytes from a node. libc marks priority-inheriting mutexes in the lowest
/// bit of a node's address.
///
/// # Safety
/// `node` is the address of a node on the list of the calling thread, or of its head.
unsafe fn field<'a>(node: usize, by: isize) -> &'a AtomicUsize {
    let address = (node & !1).wrapping_add_signed(by);
    // SAFETY: aligned and valid by the contract; only this thread accesses it.
    unsafe { &*core::ptr::with_exposed_provenance(address) }
}

/// What the kernel has on record for the calling thread.
fn query() -> Option<&'static Head> {
    let mut head: *const Head = core::ptr::null();
    let mut length = 0usize;
    // SAFETY: both results are valid for writes.
    let result =
        unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &raw mut head, &raw mut length) };
    if result != 0 || length != size_of::<Head>() {
        return None;
    }
    // SAFETY: null, or the head that libc keeps in the thread's own block, which lives as
    // long as the thread; callers keep it in a thread-local only.
    unsafe { head.as_ref() }
}

/// Has a head registered where there is none: musl registers one at the first lock of a robust mutex
/// that processes share, and forgets it in a child of `fork`, as a bare `clone` does, whose memory
/// still holds it. musl forgets the offset, too, but not the list, which is the parent's.
#[cold]
fn prompt_libc(before_fork: *const Head) -> Option<&'static Head> {
    // SAFETY: null, or the head of this very thread as it was before a fork copied it.
    if let Some(head) = unsafe { before_fork.as_ref() } {
        head.list.store(head.itself(), Ordering::Relaxed);
        head.pending.store(0, Ordering::Relaxed);
        head.offset.store(OFFSET, Ordering::Relaxed);
        // SAFETY: the head is valid and empty.
        unsafe { libc::syscall(libc::SYS_set_robust_list, before_fork, size_of::<Head>()) };
        return query();
    }
    let mut mutex = core::mem::MaybeUninit::<libc::pthread_mutex_t>::uninit();
    let mut kind = core::mem::MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
    // SAFETY: each object is initialised before it is used and destroyed after; the mutex
    // is unlocked before its memory goes away.
    unsafe {
        libc::pthread_mutexattr_init(kind.as_mut_ptr());
        libc::pthread_mutexattr_setrobust(kind.as_mut_ptr(), libc::PTHREAD_MUTEX_ROBUST);
        libc::pthread_mutexattr_setpshared(kind.as_mut_ptr(), libc::PTHREAD_PROCESS_SHARED);
        libc::pthread_mutex_init(mutex.as_mut_ptr(), kind.as_ptr());
        if libc::pthread_mutex_lock(mutex.as_mut_ptr()) == 0 {
            libc::pthread_mutex_unlock(mutex.as_mut_ptr());
        }
        libc::pthread_mutex_destroy(mutex.as_mut_ptr());
        libc::pthread_mutexattr_destroy(kind.as_mut_ptr());
    }
    query()
}

/// The address by which the list knows a node.
#[inline]
pub(crate) fn node_of(links: &Links) -> usize {
    core::ptr::from_ref(&links.next).expose_provenance()
}

/// The address that stands for a bare word in [`Head::begin`]: the kernel finds the word from it
/// and looks at nothing else.
#[inline]
pub(crate) fn node_of_word(word: &impl Word) -> usize {
    word.address().addr().wrapping_sub(OFFSET)
}

/// How long a sleeper may rely on the kernel to pass on the wake-up of one that died: for ever,
/// or (before Linux 6.2) one second, after which it looks for itself.
pub(crate) fn backstop() -> Option<Duration> {
    const UNKNOWN: u32 = 0;
    const NEEDLESS: u32 = 1;
    const NEEDED: u32 = 2;
    static BACKSTOP: AtomicU32 = AtomicU32::new(UNKNOWN);
    let mut known = BACKSTOP.load(Ordering::Relaxed);
    if known == UNKNOWN {
        known = if super::calls::passes_wakes_on() { NEEDLESS } else { NEEDED };
        BACKSTOP.store(known, Ordering::Relaxed);
    }
    (known == NEEDED).then_some(Duration::from_secs(1))
}

const _: () = {
    assert!(offset_of!(Links, prev) == 0 && offset_of!(Links, next) == size_of::<usize>());
    assert!(size_of::<Head>() == 3 * size_of::<usize>());
};
