//! What a runner says before it dies.

use std::io::{self, Read, Write};
use std::process::ChildStderr;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// How much is kept, in bytes.
const KEPT: usize = 4096;

/// What a process prints as errors: shown as it comes, and the end of it kept.
#[derive(Debug)]
pub(crate) struct LastWords(Receiver<String>);

impl LastWords {
    pub(crate) fn of(stderr: ChildStderr) -> LastWords {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            // Nobody listens any more if it is not needed.
            let _ = sender.send(last_line(stderr));
        });
        LastWords(receiver)
    }

    /// The last line that a process which has ended has printed, if any.
    pub(crate) fn hear(self) -> String {
        // A process that outlived it may hold the other end; the line is not worth a longer wait.
        self.0.recv_timeout(Duration::from_secs(1)).unwrap_or_default()
    }
}

fn last_line(mut stream: impl Read) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; KEPT];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        // What cannot be shown is not worth failing for.
        let _ = io::stderr().write_all(&buffer[..read]);
        kept.extend_from_slice(&buffer[..read]);
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
    let text = String::from_utf8_lossy(&kept);
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::last_line;

    #[test]
    fn the_last_line_with_something_in_it_is_kept() {
        assert_eq!(last_line(&b"a\nValueError: b\n\n"[..]), "ValueError: b");
        assert_eq!(last_line(&b""[..]), "");
        let long = "x".repeat(10_000) + "\nend";
        assert_eq!(last_line(long.as_bytes()), "end");
    }
}
