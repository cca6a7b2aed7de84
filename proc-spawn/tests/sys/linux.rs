use std::path::Path;

use proc_spawn::StartMethod;

pub(crate) const ABORT: i32 = 6;
pub(crate) const ABORT_TEXT: &str = "the process was killed by signal 6 (SIGABRT)";
pub(crate) const METHODS: &[StartMethod] = &[StartMethod::Spawn, StartMethod::ForkServer];
pub(crate) const NULL: &str = "/dev/null";
pub(crate) const FOREIGN: &str = "/bin/true";

pub(crate) fn exists(id: u32) -> bool {
    Path::new(&format!("/proc/{id}")).exists()
}

/// Another build differs in its build id, if in nothing else.
pub(crate) fn make_another_build(image: &mut [u8]) {
    let note = b"\x03\0\0\0GNU\0";
    let at = image.windows(note.len()).position(|bytes| bytes == note).expect("a build id");
    image[at + note.len()] ^= 1;
}

pub(crate) fn is_given(_: &str) -> bool {
    false
}
