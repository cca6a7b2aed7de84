//! Sleeping on a word of several processes, by events that are named after it.
//!
//! A sleeper makes or opens an event of its word, looks at the word, and then waits for the event;
//! who changes the word opens the word's events, if there are any, and sets them. So either the
//! sleeper sees the change or the waker sees the event. An event is never reset: it goes away with
//! its last sleeper, also when that dies, and who comes while it is set takes the word's next one.
//! So a wake-up wakes everybody, and nobody who comes later can take it away from them.
#![expect(unsafe_code, reason = "system calls")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{HANDLE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    CreateEventW, EVENT_MODIFY_STATE, OpenEventW, SetEvent, WaitForSingleObject,
};

use super::memory::Place;

/// How many events a word has. One is enough but for those who come while the sleepers of the last
/// wake-up leave.
const EVENTS: u8 = 4;

/// An event to sleep on, to be got before the last look at the word; `None` if those who were woken
/// before are slow to leave all of them, or the system has none to give.
pub(super) fn for_sleeper(place: Place) -> Option<OwnedHandle> {
    (0..EVENTS).find_map(|number| {
        let name = name(place, number);
        // SAFETY: the name ends with zero; no attributes are the usual ones. Reset by hand, and
        // not set.
        let event = owned(unsafe { CreateEventW(core::ptr::null(), 1, 0, name.as_ptr()) })?;
        (!is_set(&event)).then_some(event)
    })
}

/// Wakes every sleeper, and says how many events that were. To be called after the word was changed.
pub(super) fn wake(place: Place) -> u32 {
    let mut set = 0;
    for number in 0..EVENTS {
        let name = name(place, number);
        // SAFETY: the name ends with zero.
        let event = owned(unsafe { OpenEventW(EVENT_MODIFY_STATE, 0, name.as_ptr()) });
        if let Some(event) = event {
            // SAFETY: an event that is open.
            set += u32::from(unsafe { SetEvent(event.as_raw_handle()) } != 0);
        }
    }
    set
}

fn owned(handle: HANDLE) -> Option<OwnedHandle> {
    // SAFETY: null, or a handle that was opened just now and belongs to nobody else.
    (!handle.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(handle) })
}

fn is_set(event: &OwnedHandle) -> bool {
    // SAFETY: an event that is open.
    unsafe { WaitForSingleObject(event.as_raw_handle(), 0) == WAIT_OBJECT_0 }
}

const PREFIX: &[u8] = b"Local\\sync-prims-";
/// The prefix, the memory, the offset, the event's number, and a zero.
const LENGTH: usize = PREFIX.len() + 32 + 16 + 1 + 1;

fn name(place: Place, number: u8) -> [u16; LENGTH] {
    let digit = |value: u128, at: u32| b"0123456789abcdef"[(value >> (4 * at)) as usize & 15];
    let memory = (0..32).rev().map(|at| digit(place.memory, at));
    let offset = (0..16).rev().map(|at| digit(place.offset as u128, at));
    let text = PREFIX.iter().copied().chain(memory).chain(offset).chain([digit(number.into(), 0)]);
    let mut name = [0; LENGTH];
    for (unit, byte) in name.iter_mut().zip(text) {
        *unit = u16::from(byte);
    }
    name
}
