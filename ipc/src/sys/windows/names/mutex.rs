//! Mutexes that have a name.
#![expect(unsafe_code, reason = "system calls")]

use std::io;
use std::marker::PhantomData;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::WAIT_FAILED;
use windows_sys::Win32::System::Threading::{
    CreateMutexW, INFINITE, ReleaseMutex, WaitForSingleObject,
};

use super::super::object::{name, owned};

/// One thread of one process has it at a time. It is there while somebody refers to it.
#[derive(Debug)]
pub(super) struct Mutex(OwnedHandle);

impl Mutex {
    pub(super) fn new(called: &str) -> io::Result<Mutex> {
        let name = name(called);
        // SAFETY: the name ends with zero; no attributes are the usual ones. The handle is new.
        unsafe { owned(CreateMutexW(ptr::null(), 0, name.as_ptr())) }.map(Mutex)
    }

    /// Waits for it. One whose holder died is as good.
    pub(super) fn lock(&self) -> io::Result<Locked<'_>> {
        // SAFETY: a mutex that is open.
        match unsafe { WaitForSingleObject(self.0.as_raw_handle(), INFINITE) } {
            WAIT_FAILED => Err(io::Error::last_os_error()),
            _ => Ok(Locked(self, PhantomData)),
        }
    }

    /// Waits for it, and refers to it until it is let go.
    pub(super) fn into_locked(self) -> io::Result<Gate> {
        std::mem::forget(self.lock()?);
        Ok(Gate(self, PhantomData))
    }

    fn unlock(&self) {
        // SAFETY: a mutex that this thread holds: what is dropped here does not leave its thread.
        unsafe { ReleaseMutex(self.0.as_raw_handle()) };
    }
}

/// It belongs to the thread.
#[derive(Debug)]
pub(super) struct Locked<'m>(&'m Mutex, PhantomData<*const ()>);

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

/// The same, with the mutex.
#[derive(Debug)]
pub(super) struct Gate(Mutex, PhantomData<*const ()>);

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.unlock();
    }
}
