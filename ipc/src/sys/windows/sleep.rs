//! Sleeping until one of any number of objects is signalled.
#![expect(unsafe_code, reason = "system calls")]

use std::ffi::c_void;
use std::io;

use sync_prims::Deadline;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE, WAIT_FAILED, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    INFINITE, RegisterWaitForSingleObject, SetEvent, UnregisterWaitEx, WT_EXECUTEINWAITTHREAD,
    WT_EXECUTEONLYONCE, WaitForMultipleObjects, WaitForSingleObject,
};

use super::life::Doorbell;
use super::object::checked;

/// More than these cannot be waited for in one call.
const AT_ONCE: usize = 64;

/// Sleeps until one of the objects is signalled, or the time is up.
pub(super) fn until_any(objects: &[HANDLE], deadline: Deadline) -> io::Result<()> {
    if objects.len() <= AT_ONCE {
        return until_any_of_few(objects, deadline);
    }
    // The system's own threads wait for them, and ring.
    let doorbell = Doorbell::new()?;
    let mut waits = Waits(Vec::with_capacity(objects.len()));
    for object in objects {
        let mut wait = std::ptr::null_mut();
        let how = WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD;
        // SAFETY: an object that is open, and a function that only sets the event, which is open until the
        // wait is taken back.
        checked(unsafe {
            let bell = doorbell.handle();
            RegisterWaitForSingleObject(&raw mut wait, *object, Some(ring), bell, INFINITE, how)
        })?;
        waits.0.push(wait);
    }
    until_any_of_few(&[doorbell.handle()], deadline)
}

/// Taken back before what they ring is closed, and waited for.
struct Waits(Vec<HANDLE>);

impl Drop for Waits {
    fn drop(&mut self) {
        for wait in &self.0 {
            // SAFETY: a wait of ours, taken back once. Returns when its function does not run any more.
            unsafe { UnregisterWaitEx(*wait, INVALID_HANDLE_VALUE) };
        }
    }
}

unsafe extern "system" fn ring(doorbell: *mut c_void, _: bool) {
    // SAFETY: an event that is open until the wait is taken back.
    unsafe { SetEvent(doorbell) };
}

fn until_any_of_few(objects: &[HANDLE], deadline: Deadline) -> io::Result<()> {
    let (count, time) = (objects.len() as u32, milliseconds(deadline));
    // SAFETY: the objects are open across the call.
    match unsafe { WaitForMultipleObjects(count, objects.as_ptr(), 0, time) } {
        WAIT_FAILED => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Whether the object is signalled.
pub(super) fn is_signalled(object: HANDLE) -> bool {
    // SAFETY: an object that is open.
    unsafe { WaitForSingleObject(object, 0) == WAIT_OBJECT_0 }
}

/// What is left until then, rounded up.
pub(super) fn milliseconds(deadline: Deadline) -> u32 {
    deadline.remaining().map_or(INFINITE, |left| {
        let left = left.as_nanos().div_ceil(1_000_000);
        u32::try_from(left).unwrap_or(INFINITE - 1).min(INFINITE - 1)
    })
}
