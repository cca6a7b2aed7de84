//! One end of a named pipe.
#![expect(unsafe_code, reason = "system calls")]

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::mem::zeroed;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;

use sync_prims::Deadline;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_BAD_PIPE, ERROR_BROKEN_PIPE, ERROR_IO_PENDING, ERROR_NO_DATA,
    ERROR_OPERATION_ABORTED, ERROR_PIPE_BUSY, ERROR_PIPE_LISTENING, ERROR_PIPE_NOT_CONNECTED,
    ERROR_SEM_TIMEOUT, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, PIPE_ACCESS_DUPLEX, ReadFile,
    SECURITY_IDENTIFICATION, WriteFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE,
    PIPE_UNLIMITED_INSTANCES, PIPE_WAIT, PeekNamedPipe, WaitNamedPipeW,
};
use windows_sys::core::BOOL;

use super::super::life::Doorbell;
use super::super::sleep::milliseconds;
use super::user;

/// One end of a named pipe, through which bytes go both ways. None of its operations waits.
///
/// All but [`available`](End::available) are for one thread at a time.
#[derive(Debug)]
pub(super) struct End {
    handle: OwnedHandle,
    /// Signalled when an operation is done.
    done: Doorbell,
}

impl End {
    /// A pipe for this user's programs on this machine, with room for so many bytes each way, whose other end can be
    /// opened once. Others of the name may be there, or come, if it is not `alone`. It is `AddrInUse` if that is not so, or
    /// the name is another user's.
    pub(super) fn create(name: &str, room: usize, alone: bool) -> io::Result<End> {
        let user = user::ours()?;
        let end = End::create_for(&user, name, room, alone)?;
        // What the first pipe of a name says is so for all of them.
        if user::of(end.as_handle())? == user { Ok(end) } else { Err(ErrorKind::AddrInUse.into()) }
    }

    pub(super) fn create_for(user: &str, name: &str, room: usize, alone: bool) -> io::Result<End> {
        let wide: Vec<u16> = name.encode_utf16().chain([0]).collect();
        let (first, many) =
            if alone { (FILE_FLAG_FIRST_PIPE_INSTANCE, 1) } else { (0, PIPE_UNLIMITED_INSTANCES) };
        let done = Doorbell::new()?;
        let handle = user::for_alone(user, |rights| {
            let how = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | first;
            let bytes = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT;
            let mode = bytes | PIPE_REJECT_REMOTE_CLIENTS;
            let (name, room) = (wide.as_ptr(), room as u32);
            // SAFETY: the name ends with zero, and the rights are valid across the call. The handle is new.
            unsafe {
                match CreateNamedPipeW(name, how, mode, many, room, room, 0, rights) {
                    INVALID_HANDLE_VALUE => Err(io::Error::last_os_error()),
                    handle => Ok(OwnedHandle::from_raw_handle(handle)),
                }
            }
        })?;
        match handle {
            Ok(handle) => Ok(End { handle, done }),
            Err(error) => match error.raw_os_error().map(|code| code as u32) {
                // It is not the first, there may be no other, or it is not ours to make.
                Some(ERROR_ACCESS_DENIED | ERROR_PIPE_BUSY) => Err(ErrorKind::AddrInUse.into()),
                _ => Err(error),
            },
        }
    }

    /// The other end of a pipe of that name, if it is this user's. Its owner can find out who we are, and not act for us.
    pub(super) fn open(name: &str) -> io::Result<End> {
        let mut how = OpenOptions::new();
        how.read(true).write(true);
        how.custom_flags(FILE_FLAG_OVERLAPPED).security_qos_flags(SECURITY_IDENTIFICATION);
        let handle = OwnedHandle::from(how.open(name)?);
        let end = End { handle, done: Doorbell::new()? };
        if user::of(end.as_handle())? != user::ours()? {
            let why = "another user listens there";
            return Err(io::Error::new(ErrorKind::PermissionDenied, why));
        }
        Ok(end)
    }

    pub(super) fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }

    pub(super) fn handle(&self) -> HANDLE {
        self.handle.as_raw_handle()
    }

    /// How many bytes can be read; `BrokenPipe` if there will be no more.
    pub(super) fn available(&self) -> io::Result<usize> {
        self.peek().map_err(ended)
    }

    /// Whether somebody has opened the other end, who may be gone again.
    pub(super) fn is_taken(&self) -> bool {
        let free = [ERROR_BAD_PIPE, ERROR_PIPE_LISTENING];
        let error = self.peek().err().and_then(|error| error.raw_os_error());
        error.is_none_or(|error| !free.contains(&(error as u32)))
    }

    fn peek(&self) -> io::Result<usize> {
        let (mut there, nothing) = (0, null_mut());
        // SAFETY: reads into nothing, and writes a number to a local.
        let peeked = unsafe {
            PeekNamedPipe(self.handle(), nothing, 0, null_mut(), &raw mut there, null_mut())
        };
        if peeked == 0 { Err(io::Error::last_os_error()) } else { Ok(there as usize) }
    }

    /// Reads what is there, as far as it fits.
    pub(super) fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        let (to, length) = (into.as_mut_ptr(), into.len() as u32);
        self.at_once(|end, operation| {
            // SAFETY: the system writes to the slice, of the length that it is told, until the operation is done.
            unsafe { ReadFile(end, to, length, null_mut(), operation) }
        })
    }

    /// Writes all of it, if the other end has read enough of what was written before; else it is broken.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let (from, length) = (bytes.as_ptr(), bytes.len() as u32);
        self.at_once(|end, operation| {
            // SAFETY: the system reads the slice, of the length that it is told, until the operation is done.
            unsafe { WriteFile(end, from, length, null_mut(), operation) }
        })
        .map(drop)
    }

    /// An operation that the pipe has the bytes or the room for. If the other end has not told the truth about that, it is
    /// taken back.
    fn at_once(&self, start: impl FnOnce(HANDLE, *mut OVERLAPPED) -> BOOL) -> io::Result<usize> {
        // SAFETY: plain data, for which zero is valid.
        let mut operation: OVERLAPPED = unsafe { zeroed() };
        operation.hEvent = self.done.handle();
        if start(self.handle(), &raw mut operation) == 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(ERROR_IO_PENDING as i32) {
                return Err(ended(error));
            }
            // SAFETY: an operation of this end.
            unsafe { CancelIoEx(self.handle(), &raw const operation) };
        }
        let mut count = 0;
        // SAFETY: waits until the system is done with the operation, which lies here until then.
        let done =
            unsafe { GetOverlappedResult(self.handle(), &raw const operation, &raw mut count, 1) };
        if done == 0 { Err(ended(io::Error::last_os_error())) } else { Ok(count as usize) }
    }

    /// Wakes all who sleep for something to come from the other end.
    pub(super) fn wake(&self) {
        // SAFETY: takes back the operations of this end, of which only those of a lookout last.
        unsafe { CancelIoEx(self.handle(), std::ptr::null()) };
    }
}

/// Whether it says that there is a pipe of the name, and all that there are have been opened.
pub(super) fn is_busy(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ERROR_PIPE_BUSY as i32)
}

/// Waits until there is a pipe of that name to be opened, which somebody else may do first, or none at all.
pub(super) fn until_free(name: &str, deadline: Deadline) -> io::Result<()> {
    let wide: Vec<u16> = name.encode_utf16().chain([0]).collect();
    // Zero is the time that the pipe was made with.
    let time = milliseconds(deadline).max(1);
    // SAFETY: the name ends with zero.
    let free = unsafe { WaitNamedPipeW(wide.as_ptr(), time) };
    let error = io::Error::last_os_error();
    if free == 0 && error.raw_os_error() == Some(ERROR_SEM_TIMEOUT as i32) && deadline.passed() {
        return Err(ErrorKind::TimedOut.into());
    }
    Ok(())
}

/// What the system calls the end of a pipe in many ways.
fn ended(error: io::Error) -> io::Error {
    const ENDS: [u32; 4] =
        [ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED, ERROR_OPERATION_ABORTED];
    match error.raw_os_error() {
        Some(code) if ENDS.contains(&(code as u32)) => ErrorKind::BrokenPipe.into(),
        _ => error,
    }
}
