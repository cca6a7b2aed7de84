//! Pipes of which this process has one end. Ours can be used without waiting (the standard library's own types want
//! it so), the child's is like a file. Such pipes have names, which are used once.
#![expect(unsafe_code, reason = "makes pipes, and has the system write to a buffer later")]

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::BuildHasher;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_IO_PENDING, ERROR_OPERATION_ABORTED, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, FILE_FLAGS_AND_ATTRIBUTES,
    PIPE_ACCESS_INBOUND, PIPE_ACCESS_OUTBOUND, ReadFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT,
};
use windows_sys::Win32::System::Threading::{CreateEventW, SetEvent};

use super::object::{owned, wide};

/// As much as a pipe holds, and as is read at a time.
const SIZE: usize = 64 << 10;

/// Our end and the child's.
pub(crate) fn to_child() -> io::Result<(OwnedHandle, OwnedHandle)> {
    pair(PIPE_ACCESS_OUTBOUND)
}

/// Our end and the child's.
pub(crate) fn from_child() -> io::Result<(OwnedHandle, OwnedHandle)> {
    pair(PIPE_ACCESS_INBOUND)
}

fn pair(access: FILE_FLAGS_AND_ATTRIBUTES) -> io::Result<(OwnedHandle, OwnedHandle)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Relaxed);
    // Nobody guesses it. Who finds it out can connect in our place, and we notice.
    let guess = RandomState::new().hash_one(number);
    let name = format!(r"\\.\pipe\tandem-{:x}-{number:x}-{guess:016x}", process::id());
    let open = access | FILE_FLAG_FIRST_PIPE_INSTANCE | FILE_FLAG_OVERLAPPED;
    let mode = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
    let (text, size) = (wide(name.as_ref())?, SIZE as u32);
    // SAFETY: the name ends with zero; no attributes are the usual ones.
    let ours =
        unsafe { CreateNamedPipeW(text.as_ptr(), open, mode, 1, size, size, 0, ptr::null()) };
    if ours == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just given it.
    let ours = unsafe { OwnedHandle::from_raw_handle(ours) };
    let reads = access == PIPE_ACCESS_OUTBOUND;
    let theirs = File::options().read(reads).write(!reads).open(name)?;
    Ok((ours, theirs.into()))
}

/// The end of a pipe that is read without waiting: the system reads ahead into a buffer, and sets an event.
pub(crate) struct Incoming {
    pipe: OwnedHandle,
    /// Set when the request is done, and at the end of the pipe for good.
    event: OwnedHandle,
    request: Box<Request>,
    state: State,
}

struct Request {
    overlapped: OVERLAPPED,
    buffer: [u8; SIZE],
}

enum State {
    /// The system has the request.
    Pending,
    /// So many bytes of the buffer are there, and so many were taken.
    Filled {
        len: usize,
        taken: usize,
    },
    Ended,
}

// SAFETY: the pointers in the request are to an event and to itself, which any thread may use; who reads has it alone.
unsafe impl Send for Incoming {}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").field("pipe", &self.pipe).finish_non_exhaustive()
    }
}

impl Incoming {
    /// With the other end.
    pub(crate) fn new() -> io::Result<(Self, OwnedHandle)> {
        let (pipe, theirs) = from_child()?;
        // SAFETY: no name and no attributes. Reset by hand, and not set. The handle is new.
        let event = unsafe { owned(CreateEventW(ptr::null(), 1, 0, ptr::null())) }?;
        let overlapped = OVERLAPPED { hEvent: event.as_raw_handle(), ..OVERLAPPED::default() };
        let request = Box::new(Request { overlapped, buffer: [0; SIZE] });
        let mut this = Self { pipe, event, request, state: State::Ended };
        this.ask()?;
        Ok((this, theirs))
    }

    /// What is ready when there is something to read, or never will be again.
    pub(crate) fn bell(&self) -> io::Result<OwnedHandle> {
        self.event.try_clone()
    }

    /// Reads what is there; none if there is nothing. Zero is the end.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<Option<usize>> {
        while let State::Pending = self.state {
            match self.settle() {
                Ok(len) => self.state = State::Filled { len, taken: 0 },
                // Nothing was there. Or the thread that asked has ended, and its requests with it.
                Err(error) if is(&error, ERROR_OPERATION_ABORTED) => {
                    if !self.ask()? {
                        return Ok(None);
                    }
                }
                Err(error) => {
                    self.state = State::Ended;
                    return if is(&error, ERROR_BROKEN_PIPE) { Ok(Some(0)) } else { Err(error) };
                }
            }
        }
        let State::Filled { len, taken } = &mut self.state else { return Ok(Some(0)) };
        let some = into.len().min(*len - *taken);
        into[..some].copy_from_slice(&self.request.buffer[*taken..*taken + some]);
        *taken += some;
        if taken == len {
            self.ask()?;
        }
        // What somebody has written that has no bytes is no end.
        Ok((some > 0).then_some(some))
    }

    /// What came of the request, which is taken back if nothing has: that it is not done yet says little, for what
    /// was written may be on its way.
    fn settle(&self) -> io::Result<usize> {
        let (pipe, request) = (self.pipe.as_raw_handle(), &raw const self.request.overlapped);
        let mut len = 0;
        // SAFETY: a request that was made for this pipe, and a local to write to. The system is done with it when
        // this returns, and it is not long in coming: at the latest it was cancelled.
        let done = unsafe {
            CancelIoEx(pipe, request);
            GetOverlappedResult(pipe, request, &raw mut len, 1)
        };
        if done == 0 { Err(io::Error::last_os_error()) } else { Ok(len as usize) }
    }

    /// Hands the request to the system, and says whether it is done already. The event stays set, if the end is
    /// seen by then.
    fn ask(&mut self) -> io::Result<bool> {
        self.state = State::Pending;
        let Request { overlapped, buffer } = &mut *self.request;
        let (pipe, size) = (self.pipe.as_raw_handle(), SIZE as u32);
        // SAFETY: both stay where they are until the request is done: see `drop`. Nobody looks at them meanwhile.
        let done = unsafe {
            ReadFile(pipe, buffer.as_mut_ptr(), size, ptr::null_mut(), &raw mut *overlapped)
        };
        if done != 0 {
            return Ok(true);
        }
        match io::Error::last_os_error() {
            error if is(&error, ERROR_IO_PENDING) => Ok(false),
            error => {
                self.state = State::Ended;
                // SAFETY: an event that is open. The request that would set it is none.
                unsafe { SetEvent(self.event.as_raw_handle()) };
                if is(&error, ERROR_BROKEN_PIPE) { Ok(true) } else { Err(error) }
            }
        }
    }
}

fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == Some(code as i32)
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let State::Pending = self.state {
            // The system writes no more then.
            let _ = self.settle();
        }
    }
}
