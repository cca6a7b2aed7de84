//! Which sockets of many are ready, told by an event: what the system's own `select` asks of its socket driver.
//!
//! The request has the sockets and what is asked of each; it is answered in the same place, with those that
//! are ready. It is level-triggered, changes nothing at the sockets, and any number of threads may ask for
//! the same ones.
#![expect(unsafe_code, reason = "a system call that writes to memory while we wait")]

use std::io;
use std::os::windows::io::RawSocket;

use windows_sys::Wdk::Storage::FileSystem::NtCancelIoFileEx;
use windows_sys::Wdk::System::IO::NtDeviceIoControlFile;
use windows_sys::Win32::Foundation::{
    HANDLE, RtlNtStatusToDosError, STATUS_CANCELLED, STATUS_PENDING, STATUS_SUCCESS,
};
use windows_sys::Win32::System::IO::IO_STATUS_BLOCK;
use windows_sys::Win32::System::Threading::{INFINITE, WaitForSingleObject};

use super::life::Doorbell;
use super::sleep::is_signalled;

const IOCTL_AFD_POLL: u32 = 0x0001_2024;

const RECEIVE: u32 = 0x001;
const SEND: u32 = 0x004;
const DISCONNECT: u32 = 0x008;
const ABORT: u32 = 0x010;
const LOCAL_CLOSE: u32 = 0x020;
const ACCEPT: u32 = 0x080;
const CONNECT_FAIL: u32 = 0x100;

/// What is asked of a socket, or told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Events(u32);

impl Events {
    pub(super) const NONE: Events = Events(0);
    /// The other end is gone, or never was there. Always asked.
    pub(super) const GONE: Events = Events(DISCONNECT | ABORT | LOCAL_CLOSE | CONNECT_FAIL);
    /// There is something to receive, or somebody to accept.
    pub(super) const READ: Events = Events(RECEIVE | ACCEPT);
    /// There is room to send.
    pub(super) const WRITE: Events = Events(SEND);

    pub(super) fn and_if(self, more: Events, wanted: bool) -> Events {
        if wanted { Events(self.0 | more.0) } else { self }
    }

    pub(super) fn has(self, any: Events) -> bool {
        self.0 & any.0 != 0
    }
}

/// A request that is on its way.
pub(super) struct Poll {
    /// {time limit, number of sockets}, then {socket, events} for each.
    words: Vec<[u64; 2]>,
    status: Box<IO_STATUS_BLOCK>,
    answered: Doorbell,
}

impl Poll {
    /// Asks. The sockets stay open until the answer is there; at least one is given.
    pub(super) fn start(sockets: &[(RawSocket, Events)]) -> io::Result<Poll> {
        let mut words = vec![[i64::MAX as u64, sockets.len() as u64]];
        words.extend(sockets.iter().map(|(socket, events)| [*socket, events.0.into()]));
        // SAFETY: an all-zero status is a valid one.
        let status = Box::new(unsafe { std::mem::zeroed() });
        let mut poll = Poll { words, status, answered: Doorbell::new()? };
        let len = size_of_val(&poll.words[..]) as u32;
        let memory = poll.words.as_mut_ptr();
        // SAFETY: the system reads and writes the words and the status until it sets the event; both lie on
        // the heap, and `settle` waits for that before they are looked at or freed. The driver takes a
        // request about any sockets by way of any of them.
        let asked = unsafe {
            let (socket, event) = (sockets[0].0 as HANDLE, poll.answered.handle());
            let (nobody, nothing) = (None, std::ptr::null());
            let status = &raw mut *poll.status;
            let (ask, answer) = (memory.cast(), memory.cast());
            let request = IOCTL_AFD_POLL;
            NtDeviceIoControlFile(
                socket, event, nobody, nothing, status, request, ask, len, answer, len,
            )
        };
        match asked {
            STATUS_PENDING => {}
            STATUS_SUCCESS => poll.answered.ring(),
            error => {
                // There is nothing to wait for.
                poll.answered.ring();
                // SAFETY: takes a number.
                let error = unsafe { RtlNtStatusToDosError(error) };
                return Err(io::Error::from_raw_os_error(error as i32));
            }
        }
        Ok(poll)
    }

    /// Signalled when the answer is there.
    pub(super) fn answered(&self) -> HANDLE {
        self.answered.handle()
    }

    /// The sockets that are ready by now. There may be none.
    pub(super) fn answer(mut self) -> Vec<(RawSocket, Events)> {
        self.settle();
        // SAFETY: the request is settled, and the status is a number, whatever it says.
        let status = unsafe { self.status.Anonymous.Status };
        if status == STATUS_CANCELLED {
            return Vec::new();
        }
        let count = self.words[0][1] as u32 as usize;
        let ready = self.words[1..].iter().take(count);
        ready.map(|[socket, events]| (*socket, Events(*events as u32))).collect()
    }

    /// Takes the request back if it is not answered yet, and waits until the system is done with it.
    fn settle(&mut self) {
        if is_signalled(self.answered()) {
            return;
        }
        let socket = self.socket();
        // SAFETY: takes back the request with this status, whose sockets are open, and writes to a local.
        unsafe {
            let mut taken_back: IO_STATUS_BLOCK = std::mem::zeroed();
            NtCancelIoFileEx(socket, &raw const *self.status, &raw mut taken_back);
            // It answers at once, if it had not before.
            WaitForSingleObject(self.answered(), INFINITE);
        }
    }

    fn socket(&self) -> HANDLE {
        self.words[1][0] as HANDLE
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        self.settle();
    }
}
