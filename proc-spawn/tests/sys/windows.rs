#![expect(unsafe_code, reason = "asks for processes by their ids")]

use std::env;
use std::ffi::OsString;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::process;

use proc_spawn::StartMethod;
use windows_sys::Win32::Foundation::WAIT_TIMEOUT;
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_SYNCHRONIZE, PROCESS_TERMINATE, TerminateProcess, WaitForSingleObject,
};

pub(crate) const ABORT: i32 = 0xc000_0409_u32 as i32;
pub(crate) const ABORT_TEXT: &str = "the process was ended by exception 0xc0000409 (abort)";
pub(crate) const METHODS: &[StartMethod] = &[StartMethod::Spawn];
pub(crate) const NULL: &str = "NUL";
pub(crate) const FOREIGN: &str = r"C:\windows\system32\hostname.exe";

fn open(id: u32, rights: u32) -> Option<OwnedHandle> {
    // SAFETY: takes numbers. The handle is new.
    unsafe {
        let process = OpenProcess(rights, 0, id);
        (!process.is_null()).then(|| OwnedHandle::from_raw_handle(process))
    }
}

/// A process that has ended is one no more, however many handles there are.
pub(crate) fn exists(id: u32) -> bool {
    // SAFETY: a process that is open.
    open(id, PROCESS_SYNCHRONIZE).is_some_and(|process| unsafe {
        WaitForSingleObject(process.as_raw_handle(), 0) == WAIT_TIMEOUT
    })
}

/// With the code of those that this crate kills.
pub(crate) fn kill(id: u32) {
    if let Some(process) = open(id, PROCESS_TERMINATE) {
        // SAFETY: a process that is open.
        unsafe { TerminateProcess(process.as_raw_handle(), 0x1_0009) };
    }
}

/// The ids of all processes that run this program's file, each with its parent's.
fn everybody() -> Vec<[u32; 2]> {
    let mut entry =
        PROCESSENTRY32W { dwSize: size_of::<PROCESSENTRY32W>() as u32, ..Default::default() };
    let mut entries = Vec::new();
    // SAFETY: takes numbers; the handle is new. An entry of the size that it says is written to.
    unsafe {
        let all = OwnedHandle::from_raw_handle(CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0));
        let mut more = Process32FirstW(all.as_raw_handle(), &raw mut entry);
        while more != 0 {
            entries.push(entry);
            more = Process32NextW(all.as_raw_handle(), &raw mut entry);
        }
    }
    let me = process::id();
    let file = entries.iter().find(|entry| entry.th32ProcessID == me).expect("me").szExeFile;
    let ours = entries.iter().filter(|entry| entry.szExeFile == file);
    ours.map(|entry| [entry.th32ProcessID, entry.th32ParentProcessID]).collect()
}

pub(crate) fn all_children() -> Vec<u32> {
    let me = process::id();
    everybody().into_iter().filter_map(|[id, parent]| (parent == me).then_some(id)).collect()
}

/// Everybody but this process: who has which variables the system does not tell.
pub(crate) fn members(_: &str, _: &str) -> Vec<u32> {
    let me = process::id();
    everybody().into_iter().filter_map(|[id, _]| (id != me && exists(id)).then_some(id)).collect()
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

/// As this process has them, which has changed neither.
pub(crate) fn shown() -> Vec<u8> {
    let variables = env::vars_os().flat_map(|(name, value)| [name, value]);
    env::args_os().chain(variables).flat_map(OsString::into_encoded_bytes).collect()
}
