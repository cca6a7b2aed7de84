//! Who is alive: a named event for each process, which goes with the last handle of it.
//!
//! The event's name says the heap, the place and the process's id. Only the process itself has a handle, which it
//! never closes; the kernel does, when the process's last thread can run no more. So an event that cannot be
//! opened proves that nobody of that process can write. What can be waited for is the process itself.
#![expect(unsafe_code, reason = "opens events and processes")]

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, IntoRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_INVALID_PARAMETER, HANDLE};
use windows_sys::Win32::System::Threading::{
    CreateEventW, OpenEventW, OpenProcess, PROCESS_SYNCHRONIZE, ResetEvent,
    SYNCHRONIZATION_SYNCHRONIZE, SetEvent,
};

use super::descriptor::{AsDescriptor, Descriptor};
use super::memory::{self, Memory};
use super::object::{name, owned};

fn mark(memory: &Memory, byte: u64, pid: u32) -> Vec<u16> {
    let memory = memory::name(memory).unwrap_or_default();
    name(&format!("life-{memory:032x}-{byte:x}-{pid:x}"))
}

/// Marks this process as living.
pub(crate) fn hold(memory: &Memory, byte: u64) -> io::Result<()> {
    let name = mark(memory, byte, std::process::id());
    // SAFETY: the name ends with zero; no attributes are the usual ones. The handle is new.
    let event = unsafe { owned(CreateEventW(ptr::null(), 1, 0, name.as_ptr())) }?;
    // It stays open until the kernel closes it.
    let _ = event.into_raw_handle();
    Ok(())
}

/// Whether process `pid` holds the mark on `byte`.
pub(crate) fn is_held(memory: &Memory, byte: u64, pid: u32) -> io::Result<bool> {
    let name = mark(memory, byte, pid);
    // SAFETY: the name ends with zero. The handle is new.
    match unsafe { owned(OpenEventW(SYNCHRONIZATION_SYNCHRONIZE, 0, name.as_ptr())) } {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Refers to one process until dropped, even after its id is used again.
#[derive(Debug)]
pub struct Sentinel(OwnedHandle);

impl Sentinel {
    /// `None` when there is no such process any more.
    pub(crate) fn open(pid: u32) -> io::Result<Option<Sentinel>> {
        // SAFETY: takes numbers. The handle is new.
        match unsafe { owned(OpenProcess(PROCESS_SYNCHRONIZE, 0, pid)) } {
            Ok(process) => Ok(Some(Sentinel(process))),
            Err(error) if error.raw_os_error() == Some(ERROR_INVALID_PARAMETER as i32) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl From<OwnedHandle> for Sentinel {
    fn from(process: OwnedHandle) -> Sentinel {
        Sentinel(process)
    }
}

impl AsDescriptor for Sentinel {
    fn descriptor(&self) -> Descriptor<'_> {
        Descriptor::Object(self.0.as_handle())
    }
}

/// Wakes threads of this process that sleep on it.
#[derive(Debug)]
pub(crate) struct Doorbell(OwnedHandle);

impl Doorbell {
    pub(crate) fn new() -> io::Result<Doorbell> {
        // SAFETY: no name and no attributes. Reset by hand, and not set. The handle is new.
        unsafe { owned(CreateEventW(ptr::null(), 1, 0, ptr::null())) }.map(Doorbell)
    }

    pub(crate) fn ring(&self) {
        // SAFETY: an event that is open.
        unsafe { SetEvent(self.handle()) };
    }

    pub(crate) fn clear(&self) {
        // SAFETY: an event that is open.
        unsafe { ResetEvent(self.handle()) };
    }

    pub(super) fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }
}

impl AsDescriptor for Doorbell {
    fn descriptor(&self) -> Descriptor<'_> {
        Descriptor::Object(self.0.as_handle())
    }
}
