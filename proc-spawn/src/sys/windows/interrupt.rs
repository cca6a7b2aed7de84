//! Ctrl-C, kept from a child that is to be left to its parent.
//!
//! The child is born as the first of a process group of its own, which lets it ignore Ctrl-C from its first
//! instruction on. What it starts would inherit that; so it takes the matter over with a handler, which nobody
//! inherits.
#![expect(unsafe_code, reason = "handlers of the console have no safe form")]

use windows_sys::Win32::System::Console::{CTRL_C_EVENT, SetConsoleCtrlHandler};

/// Ignores Ctrl-C in this process, which was born so.
pub(crate) fn ignore() {
    // SAFETY: the handler is a static of this image. Only if it is there, no handler stands for the flag that
    // this process was born with. Without a console there is no Ctrl-C.
    unsafe {
        if SetConsoleCtrlHandler(Some(pass_over), 1) != 0 {
            SetConsoleCtrlHandler(None, 0);
        }
    }
}

/// Undoes it.
pub(crate) fn restore() {
    // SAFETY: takes it away if it is there.
    unsafe { SetConsoleCtrlHandler(Some(pass_over), 0) };
}

/// Whether it is dealt with: Ctrl-C is, anything else goes on to the next handler.
unsafe extern "system" fn pass_over(event: u32) -> i32 {
    i32::from(event == CTRL_C_EVENT)
}
