//! macOS: what the kernel tells by name.
#![expect(unsafe_code, reason = "asks the system, which std does not")]

use std::ffi::CStr;
use std::ptr;

pub(crate) use super::unix::{processor_time, thread_time};

pub(crate) fn system() -> String {
    let version = text(c"kern.osproductversion").unwrap_or_default();
    format!("macOS {version}").trim_end().to_owned()
}

pub(crate) fn processor() -> Option<String> {
    text(c"machdep.cpu.brand_string")
}

pub(crate) fn memory() -> Option<u64> {
    let mut bytes = [0; size_of::<u64>()];
    (read(c"hw.memsize", &mut bytes)? == bytes.len()).then(|| u64::from_ne_bytes(bytes))
}

pub(crate) fn load() -> Option<f64> {
    let mut last_minute = 0.0;
    // SAFETY: writes one number, to a local.
    (unsafe { libc::getloadavg(&raw mut last_minute, 1) } == 1).then_some(last_minute)
}

/// A value that is a text.
fn text(name: &CStr) -> Option<String> {
    let mut bytes = [0; 256];
    let size = read(name, &mut bytes)?;
    let text = CStr::from_bytes_until_nul(&bytes[..size]).ok()?;
    Some(text.to_string_lossy().trim().to_owned())
}

/// How many bytes a value has, if these suffice for it.
fn read(name: &CStr, bytes: &mut [u8]) -> Option<usize> {
    let mut size = bytes.len();
    let bytes_at = bytes.as_mut_ptr().cast();
    // SAFETY: the name ends with zero, and at most as many bytes are written as there are.
    let failed =
        unsafe { libc::sysctlbyname(name.as_ptr(), bytes_at, &raw mut size, ptr::null_mut(), 0) };
    (failed == 0).then_some(size)
}
