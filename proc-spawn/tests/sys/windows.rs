#![expect(unsafe_code, reason = "asks for processes by their ids")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use proc_spawn::StartMethod;
use windows_sys::Win32::Foundation::WAIT_TIMEOUT;
use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_SYNCHRONIZE, WaitForSingleObject,
};

pub(crate) const ABORT: i32 = 0xc000_0409_u32 as i32;
pub(crate) const ABORT_TEXT: &str = "the process was ended by exception 0xc0000409 (abort)";
pub(crate) const METHODS: &[StartMethod] = &[StartMethod::Spawn];
pub(crate) const NULL: &str = "NUL";
pub(crate) const FOREIGN: &str = r"C:\windows\system32\hostname.exe";

/// A process that has ended is one no more, however many handles there are.
pub(crate) fn exists(id: u32) -> bool {
    // SAFETY: takes numbers. The handle is new.
    unsafe {
        let process = OpenProcess(PROCESS_SYNCHRONIZE, 0, id);
        if process.is_null() {
            return false;
        }
        let process = OwnedHandle::from_raw_handle(process);
        WaitForSingleObject(process.as_raw_handle(), 0) == WAIT_TIMEOUT
    }
}

/// Another build differs in its linker's time stamp, if in nothing else.
pub(crate) fn make_another_build(image: &mut [u8]) {
    let header = u32::from_le_bytes(image[0x3c..0x40].try_into().expect("four bytes")) as usize;
    assert_eq!(&image[header..header + 4], b"PE\0\0");
    image[header + 8] ^= 1;
}

/// The system's directories, and what wine tells itself.
pub(crate) fn is_given(name: &str) -> bool {
    ["SystemDrive", "SystemRoot"].contains(&name) || name.starts_with("WINE")
}
