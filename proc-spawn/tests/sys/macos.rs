#![expect(unsafe_code, reason = "asks for processes by their ids")]

use std::env;
use std::ffi::OsString;

use proc_spawn::StartMethod;

pub(crate) const ABORT: i32 = 6;
pub(crate) const ABORT_TEXT: &str = "the process was killed by signal 6 (SIGABRT)";
pub(crate) const METHODS: &[StartMethod] = &[StartMethod::Spawn];
pub(crate) const NULL: &str = "/dev/null";
pub(crate) const FOREIGN: &str = "/usr/bin/true";

pub(crate) fn exists(id: u32) -> bool {
    // SAFETY: takes integers, and signal 0 is none.
    unsafe { libc::kill(id as libc::pid_t, 0) == 0 }
}

/// Another build differs in its `LC_UUID`, if in nothing else.
pub(crate) fn make_another_build(image: &mut [u8]) {
    let command = [0x1b_u32, 24].map(u32::to_le_bytes);
    let command = command.as_flattened();
    let at = image.windows(command.len()).position(|bytes| bytes == command).expect("a UUID");
    image[at + command.len()] ^= 1;
}

pub(crate) fn is_given(_: &str) -> bool {
    false
}

/// As this process has them, which has changed neither.
pub(crate) fn shown() -> Vec<u8> {
    let variables = env::vars_os().flat_map(|(name, value)| [name, value]);
    env::args_os().chain(variables).flat_map(OsString::into_encoded_bytes).collect()
}
