//! A real crash: what the isolation of processes is for.
#![expect(unsafe_code, reason = "breaks memory safety on purpose, to be stopped for it")]

use std::ptr;

use windows_sys::Win32::Foundation::EXCEPTION_ACCESS_VIOLATION;
use windows_sys::Win32::System::Diagnostics::Debug::{
    EXCEPTION_EXECUTE_HANDLER, EXCEPTION_POINTERS, SetUnhandledExceptionFilter,
};
use windows_sys::Win32::System::Memory::{MEM_COMMIT, MEM_RESERVE, PAGE_NOACCESS, VirtualAlloc};

/// Writes to memory that may not be written, for which the system ends the process.
pub(crate) fn now() {
    // SAFETY: the function is there for as long as the process.
    unsafe { SetUnhandledExceptionFilter(Some(end_at_once)) };
    // SAFETY: new memory, wherever there is room: nothing else is changed.
    let page = unsafe { VirtualAlloc(ptr::null(), 1, MEM_RESERVE | MEM_COMMIT, PAGE_NOACCESS) };
    if !page.is_null() {
        // SAFETY: none: the page may not be written. The system sees to it that the process ends
        // here, before anything else could come of it.
        unsafe { page.cast::<u8>().write_volatile(1) };
    }
}

/// Ends the process with the exception, before a debugger or a user is asked: there is nothing to learn from this one.
unsafe extern "system" fn end_at_once(_: *const EXCEPTION_POINTERS) -> i32 {
    EXCEPTION_EXECUTE_HANDLER
}

/// Whether that is the exception that it ends by.
pub(crate) fn is_of_one(exception: i32) -> bool {
    exception == EXCEPTION_ACCESS_VIOLATION
}
