//! Windows.
#![expect(unsafe_code, reason = "system calls")]

use std::env;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::process::{Child, Command};
use std::time::Duration;

use sync_prims::Deadline;
use sync_prims::process::Witness;
use sync_prims::raw::EventCount;
use windows_sys::Win32::Foundation::{INVALID_HANDLE_VALUE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Diagnostics::Debug::{
    CONTEXT, CONTEXT_CONTROL_AMD64, GetThreadContext,
};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_ALL_ACCESS, MapViewOfFile, PAGE_READWRITE,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentThreadId, INFINITE, OpenProcess, OpenThread, PROCESS_SYNCHRONIZE, ResumeThread,
    SuspendThread, THREAD_GET_CONTEXT, THREAD_SUSPEND_RESUME, WaitForSingleObject,
};
use windows_sys::core::w;

pub const SIZE: usize = 256 << 20;

/// Names the root of the processes that share the mapping.
const ROOT: &str = "SYNC_PRIMS_TEST_ROOT";

fn root() -> u32 {
    env::var(ROOT).ok().and_then(|root| root.parse().ok()).unwrap_or_else(std::process::id)
}

pub fn map() -> *mut u8 {
    let name: Vec<u16> = format!("Local\\sync-prims-test-{}\0", root()).encode_utf16().collect();
    let (high, low) = ((SIZE as u64 >> 32) as u32, SIZE as u32);
    // SAFETY: the name ends with zero; the pagefile stands behind the mapping.
    unsafe {
        let none = std::ptr::null();
        let file = INVALID_HANDLE_VALUE;
        let section = CreateFileMappingW(file, none, PAGE_READWRITE, high, low, name.as_ptr());
        assert!(!section.is_null());
        let view = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, SIZE).Value;
        assert!(!view.is_null());
        view.cast()
    }
}

/// Starts a test of this binary, which is marked as ignored, in a child that shares the mapping.
pub fn start(test: &str, offsets: &[usize]) -> Child {
    let offsets: Vec<String> = offsets.iter().map(ToString::to_string).collect();
    let mut command = Command::new(env::current_exe().expect("this binary"));
    command.args([test, "--exact", "--ignored", "--nocapture"]);
    command.env(ROOT, root().to_string()).env("SYNC_PRIMS_TEST_OFFSETS", offsets.join(" "));
    command.spawn().expect("a child")
}

/// Goes by the handles of processes.
pub struct Lives {
    /// In the mapping.
    pub deaths: &'static EventCount,
}

impl Lives {
    pub fn new(deaths: &'static EventCount) -> Self {
        Self { deaths }
    }
}

impl Witness for Lives {
    fn deaths(&self) -> Option<&EventCount> {
        Some(self.deaths)
    }

    fn memory(&self) -> Option<u128> {
        Some(u128::from(root()))
    }

    fn me(&self) -> u32 {
        // The system counts in steps of four.
        std::process::id() >> 2
    }

    fn wait_gone(&self, process: u32, deadline: Deadline) -> bool {
        let time = deadline.remaining().map_or(INFINITE, |left| left.as_millis() as u32);
        // SAFETY: a handle that is nobody else's, or null; the tests keep one of each child, so its
        // number goes to no other process.
        unsafe {
            let handle = OpenProcess(PROCESS_SYNCHRONIZE, 0, process << 2);
            if handle.is_null() {
                return true;
            }
            let handle = OwnedHandle::from_raw_handle(handle);
            WaitForSingleObject(handle.as_raw_handle(), time) == WAIT_OBJECT_0
        }
    }
}

/// The system's number of the calling thread, for [`until_asleep`].
pub fn thread_id() -> u64 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { GetCurrentThreadId().into() }
}

/// Returns when a thread of this process is in a system call that waits.
pub fn until_asleep(thread: u64) {
    let calls = [
        c"NtWaitForAlertByThreadId",
        c"NtWaitForSingleObject",
        c"NtWaitForMultipleObjects",
        c"NtDelayExecution",
    ];
    // SAFETY: names that end with zero, of a module that is never unloaded.
    let calls = calls.map(|name| unsafe {
        let module = GetModuleHandleW(w!("ntdll.dll"));
        GetProcAddress(module, name.as_ptr().cast()).map_or(0, |call| call as usize as u64)
    });
    // SAFETY: a handle that is nobody else's.
    let thread = unsafe {
        let handle = OpenThread(THREAD_GET_CONTEXT | THREAD_SUSPEND_RESUME, 0, thread as u32);
        OwnedHandle::from_raw_handle(handle)
    };
    while !calls.iter().any(|&call| call != 0 && (call..call + 32).contains(&place_of(&thread))) {
        std::thread::sleep(Duration::from_millis(1)); // sleep: nothing tells of it.
    }
}

/// The instruction that a thread is at.
fn place_of(thread: &OwnedHandle) -> u64 {
    let handle = thread.as_raw_handle();
    // SAFETY: all-zero bytes are a valid context, which is aligned as its type wants it; the thread
    // goes on afterwards.
    unsafe {
        let mut context: CONTEXT = std::mem::zeroed();
        context.ContextFlags = CONTEXT_CONTROL_AMD64;
        SuspendThread(handle);
        let known = GetThreadContext(handle, &raw mut context) != 0;
        ResumeThread(handle);
        if known { context.Rip } else { 0 }
    }
}
