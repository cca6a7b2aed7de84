//! Sleeping until something comes from the other ends of pipes.
#![expect(unsafe_code, reason = "system calls that write to memory while we wait")]

use std::fmt;
use std::io;
use std::mem::zeroed;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, GetLastError, HANDLE, STATUS_PENDING};
use windows_sys::Win32::Storage::FileSystem::ReadFile;
use windows_sys::Win32::System::IO::{CancelIoEx, OVERLAPPED};
use windows_sys::Win32::System::Pipes::ConnectNamedPipe;
use windows_sys::Win32::System::Threading::{INFINITE, WaitForSingleObject};
use windows_sys::core::BOOL;

use super::super::life::Doorbell;
use super::super::poll::Events;
use super::end::End;

/// What a thread can sleep at. Who has a share in one keeps nothing open.
pub(crate) trait Post: fmt::Debug + Send + Sync + UnwindSafe + RefUnwindSafe {
    /// Lets the lookout tell when it may be ready for some of that, or closed.
    fn look(&self, asked: Events, lookout: &mut Lookout);

    /// What of that it is ready for.
    fn ready(&self, asked: Events) -> Events;
}

/// Tells by one event that something has happened at some of many ends.
///
/// What it asks of the system is to read nothing, which is answered when there is something to be read, and takes nothing
/// away: any number of threads may ask for the same end. It belongs to its thread: the system takes back what a thread
/// has asked when that ends.
pub(crate) struct Lookout {
    told: Doorbell,
    requests: Vec<Request>,
    /// There is nothing to wait for.
    over: bool,
}

struct Request {
    end: Arc<End>,
    /// The system writes to it until it is answered.
    state: Box<OVERLAPPED>,
    /// It was answered when it was made.
    at_once: bool,
}

impl Lookout {
    pub(crate) fn new() -> io::Result<Lookout> {
        Ok(Lookout { told: Doorbell::new()?, requests: Vec::new(), over: false })
    }

    /// Looks out for bytes, or for the other end to be gone.
    pub(super) fn for_bytes(&mut self, end: &Arc<End>) {
        self.ask(end, |end, state| {
            let nowhere = NonNull::<u8>::dangling().as_ptr();
            // SAFETY: reads nothing; the state is valid until the request is settled.
            unsafe { ReadFile(end, nowhere, 0, null_mut(), state) }
        });
    }

    /// The same, if this end is open; else there is nothing to wait for.
    pub(super) fn for_bytes_at(&mut self, end: &Option<Arc<End>>) {
        match end {
            Some(end) => self.for_bytes(end),
            None => self.over = true,
        }
    }

    /// Looks out for somebody who opens the other end.
    pub(super) fn for_client(&mut self, end: &Arc<End>) {
        self.ask(end, |end, state| {
            // SAFETY: the state is valid until the request is settled.
            unsafe { ConnectNamedPipe(end, state) }
        });
    }

    /// There is nothing to wait for.
    pub(super) fn is_over(&mut self) {
        self.over = true;
    }

    fn ask(&mut self, end: &Arc<End>, start: impl FnOnce(HANDLE, *mut OVERLAPPED) -> BOOL) {
        // SAFETY: plain data, for which zero is valid.
        let mut state: Box<OVERLAPPED> = Box::new(unsafe { zeroed() });
        state.hEvent = self.told.handle();
        let started = start(end.handle(), &raw mut *state);
        // SAFETY: takes nothing.
        let lasts = started == 0 && unsafe { GetLastError() } == ERROR_IO_PENDING;
        self.requests.push(Request { end: Arc::clone(end), state, at_once: !lasts });
    }

    /// Signalled once there is an answer. Nothing is looked out for after this.
    pub(crate) fn told(&self) -> HANDLE {
        // Each request has cleared the event.
        if self.over || self.requests.iter().any(Request::is_answered) {
            self.told.ring();
        }
        self.told.handle()
    }
}

impl Request {
    fn is_answered(&self) -> bool {
        // SAFETY: the system writes a number there.
        self.at_once
            || unsafe { (&raw const self.state.Internal).read_volatile() } as i32 != STATUS_PENDING
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        for request in &self.requests {
            if !request.is_answered() {
                // SAFETY: takes back a request of this end.
                unsafe { CancelIoEx(request.end.handle(), &raw const *request.state) };
            }
        }
        // The system is done with a request before it signals the event.
        while !self.requests.iter().all(Request::is_answered) {
            self.told.clear();
            if !self.requests.iter().all(Request::is_answered) {
                // SAFETY: an event that is open.
                unsafe { WaitForSingleObject(self.told.handle(), INFINITE) };
            }
        }
    }
}
