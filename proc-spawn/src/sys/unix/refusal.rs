//! Whether a process that aborts was refused memory.
//!
//! An allocation that the limit refuses ends a Rust program by `abort`, after a text on its standard
//! error, and stable Rust calls nobody before that. What can be seen is the signal. It is for want of
//! memory if the thread's last failed request to the system was one for memory, which the C
//! library's allocators leave in `errno`; but the text may come with a backtrace, whose making
//! fails in other ways. Then it is, if the thread is within `handle_alloc_error`.
//!
//! So an abort counts, too, if it comes after a refusal that the thread has dealt with and before another
//! failed request. The callers alone would not do: an optimiser may have left no frame of that function,
//! and C code that is refused memory calls `abort` itself.
#![expect(unsafe_code, reason = "a signal handler and the unwinder are foreign")]

use std::alloc::{Layout, handle_alloc_error};
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::{io, ptr};

/// Where to note that memory was refused.
static NOTE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());

/// From now on an abort for want of memory leaves a 1 in `note`.
pub(crate) fn note_refused_memory(note: &'static AtomicU32) -> io::Result<()> {
    // Release pairs with the Acquire of `aborting`.
    NOTE.store(ptr::from_ref(note).cast_mut(), Ordering::Release);
    // SAFETY: an all-zero sigaction is a value of it; the handler is a static of this image. With
    // SA_RESETHAND the next such signal does what it does by default.
    let set = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = aborting as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESETHAND | libc::SA_ONSTACK;
        libc::sigaction(libc::SIGABRT, &raw const action, ptr::null_mut())
    };
    if set < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Undoes [`note_refused_memory`] in this process, a fork of one that called it.
pub(crate) fn forget() {
    // Relaxed: there is one thread, and a handler of its own.
    NOTE.store(ptr::null_mut(), Ordering::Relaxed);
}

extern "C" fn aborting(signal: libc::c_int) {
    let cause = io::Error::last_os_error().raw_os_error();
    // Acquire pairs with the Release of `note_refused_memory`.
    let note = NOTE.load(Ordering::Acquire);
    // SAFETY: null, or what `note_refused_memory` was given, which is never freed.
    if let Some(note) = unsafe { note.cast_const().as_ref() }
        && (cause == Some(libc::ENOMEM) || is_handling_alloc_error())
    {
        // Relaxed: it is read after this process's end.
        note.store(1, Ordering::Relaxed);
    }
    // SAFETY: takes an integer. It waits until this handler returns and then ends the process.
    unsafe { libc::raise(signal) };
}

/// Whether the function that gives up for want of memory is among the callers. It looks at the tables
/// of the unwinder, which takes no lock of an allocator.
fn is_handling_alloc_error() -> bool {
    let mut found = false;
    // SAFETY: the callback only looks at the frame and writes through the pointer, which is a local's
    // that outlives the call.
    unsafe { _Unwind_Backtrace(look_at, (&raw mut found).cast()) };
    found
}

extern "C" fn look_at(frame: *mut Frame, found: *mut libc::c_void) -> libc::c_int {
    const GO_ON: libc::c_int = 0;
    const END_OF_STACK: libc::c_int = 5;
    let wanted = handle_alloc_error as fn(Layout) -> !;
    // SAFETY: the unwinder's own frame. One before the address that is returned to, which may be
    // that of the next function: this call never returns.
    let function = unsafe {
        let within = _Unwind_GetIP(frame).wrapping_sub(1);
        _Unwind_FindEnclosingFunction(within as *mut libc::c_void)
    };
    if function as usize != wanted as usize {
        return GO_ON;
    }
    // SAFETY: the pointer that `is_handling_alloc_error` passed.
    unsafe { *found.cast::<bool>() = true };
    END_OF_STACK
}

/// A frame of the stack, as the unwinder sees it.
#[repr(C)]
struct Frame {
    _opaque: [u8; 0],
}

// Of the unwinder that the standard library is linked with.
unsafe extern "C" {
    fn _Unwind_Backtrace(
        look: extern "C" fn(*mut Frame, *mut libc::c_void) -> libc::c_int,
        argument: *mut libc::c_void,
    ) -> libc::c_int;
    fn _Unwind_GetIP(frame: *mut Frame) -> usize;
    fn _Unwind_FindEnclosingFunction(within: *mut libc::c_void) -> *mut libc::c_void;
}
