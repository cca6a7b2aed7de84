use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

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

pub(crate) fn shown() -> Vec<u8> {
    let parts = ["cmdline", "environ"].map(|part| fs::read(format!("/proc/self/{part}")));
    parts.map(|part| part.expect("this process is there")).concat()
}

pub(crate) fn all_children() -> Vec<u32> {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let children = threads.map(|thread| thread.unwrap().path().join("children"));
    let lists: String = children.filter_map(|path| fs::read_to_string(path).ok()).collect();
    lists.split_whitespace().map(|id| id.parse().unwrap()).collect()
}

pub(crate) fn members(name: &str, value: &str) -> Vec<u32> {
    let mark = format!("{name}={value}");
    let everybody = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok());
    everybody
        .filter(|entry| {
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

pub(crate) fn kill(id: u32) {
    let id = id.to_string();
    Command::new("kill").args(["-9", &id]).stderr(Stdio::null()).status().unwrap();
}
