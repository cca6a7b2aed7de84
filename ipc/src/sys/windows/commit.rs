//! Memory is there when it is touched, as a sparse file's is elsewhere.
//!
//! The system raises an exception where a thread touches a page that is reserved and not committed, and asks
//! the process's handlers. Ours commits what lies in one of our views, and has the thread try again. What
//! cannot be committed, for the system has no memory left, is an access violation, as it would be the end
//! of the process elsewhere.
#![expect(unsafe_code, reason = "an exception handler is given pointers")]

use std::io;
use std::ops::Range;
use std::sync::{OnceLock, PoisonError, RwLock};

use windows_sys::Win32::Foundation::EXCEPTION_ACCESS_VIOLATION;
use windows_sys::Win32::System::Diagnostics::Debug::{
    AddVectoredExceptionHandler, EXCEPTION_CONTINUE_EXECUTION, EXCEPTION_CONTINUE_SEARCH,
    EXCEPTION_POINTERS,
};

use super::memory;

/// The views of this process. No view is touched while it is changed.
static VIEWS: RwLock<Vec<Range<usize>>> = RwLock::new(Vec::new());

/// Has memory committed in `view` when it is touched, until that is taken back.
pub(super) fn on_touch(view: Range<usize>) -> io::Result<()> {
    static HANDLES: OnceLock<bool> = OnceLock::new();
    let handles = HANDLES.get_or_init(|| {
        // SAFETY: the handler is a function of the program, which stays.
        unsafe { !AddVectoredExceptionHandler(1, Some(handle)).is_null() }
    });
    if !handles {
        return Err(io::Error::new(io::ErrorKind::OutOfMemory, "no exception handler to be had"));
    }
    VIEWS.write().unwrap_or_else(PoisonError::into_inner).push(view);
    Ok(())
}

/// Takes it back, before the view is unmapped.
pub(super) fn forget(view: &Range<usize>) {
    VIEWS.write().unwrap_or_else(PoisonError::into_inner).retain(|known| known != view);
}

unsafe extern "system" fn handle(exception: *mut EXCEPTION_POINTERS) -> i32 {
    // SAFETY: the system gives a handler valid pointers.
    let record = unsafe { &*(*exception).ExceptionRecord };
    if record.ExceptionCode != EXCEPTION_ACCESS_VIOLATION || record.NumberParameters < 2 {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    let address = record.ExceptionInformation[1];
    let views = VIEWS.read().unwrap_or_else(PoisonError::into_inner);
    let view = views.iter().find(|view| view.contains(&address));
    match view.map(|view| memory::commit_unit(view, address)) {
        Some(Ok(())) => EXCEPTION_CONTINUE_EXECUTION,
        _ => EXCEPTION_CONTINUE_SEARCH,
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use windows_sys::Win32::System::Memory::{
        MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc, VirtualFree,
    };

    use super::{forget, on_touch};

    #[test]
    fn reserved_memory_is_there_when_it_is_touched() {
        const LEN: usize = 1 << 20;
        // SAFETY: new memory of our own.
        let start = unsafe { VirtualAlloc(ptr::null(), LEN, MEM_RESERVE, PAGE_READWRITE) };
        let start = start.cast::<u8>();
        let range = start.expose_provenance()..start.expose_provenance() + LEN;
        on_touch(range.clone()).unwrap();
        for at in [0, LEN - 1, LEN / 2 + 7] {
            // SAFETY: within that memory. A volatile access is what raises the exception.
            unsafe {
                assert_eq!(start.add(at).read_volatile(), 0);
                start.add(at).write_volatile(9);
                assert_eq!(start.add(at).read_volatile(), 9);
            }
        }
        forget(&range);
        // SAFETY: it is ours, and nobody refers to it.
        assert_ne!(unsafe { VirtualFree(start.cast(), 0, MEM_RELEASE) }, 0);
    }
}
