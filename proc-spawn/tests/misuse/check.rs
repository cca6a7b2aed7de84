//! Each misuse is a program of its own, which is its own check: cargo runs it without the variable
//! below, and it then runs itself with it and looks at what comes of the mistake. To the test
//! runner it looks like a test binary with one test.

use std::env;
use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Set in the process that makes the mistake, and so in its children.
const MISTAKEN: &str = "TANDEM_TEST_MISUSE";

/// No mistake takes a tenth of this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether this process is to make the mistake.
pub(crate) fn is_mistaken() -> bool {
    env::var_os(MISTAKEN).is_some()
}

/// Runs the mistake and looks at it: the exit code, and texts that its standard error has to
/// contain. Exits if it is not as expected.
pub(crate) fn expect(name: &str, code: i32, texts: &[&str]) {
    let listing = env::args().any(|argument| argument == "--list");
    if listing {
        // A runner asks for the tests, and then for those among them that are ignored.
        if !env::args().any(|argument| argument == "--ignored") {
            println!("{name}: test");
        }
        return;
    }
    let Output { status, stderr, .. } = run();
    let stderr = String::from_utf8_lossy(&stderr);
    let missing: Vec<_> = texts.iter().filter(|text| !stderr.contains(**text)).collect();
    assert!(
        status.code() == Some(code) && missing.is_empty(),
        "{name}: {status}, expected code {code}; not said: {missing:?}; said:\n{stderr}"
    );
    println!("test {name} ... ok");
}

/// Runs this program again, under a watchdog.
fn run() -> Output {
    let program = env::current_exe().expect("this program has a path");
    let mut child = Command::new(program)
        .env(MISTAKEN, "1")
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this program starts");
    let mut errors = child.stderr.take().expect("a pipe");
    let (sender, receiver) = channel();
    // Ends when the last process that could print has ended, so it also tells of a child that is
    // left.
    thread::spawn(move || {
        let mut stderr = Vec::new();
        let _ = errors.read_to_end(&mut stderr);
        let _ = sender.send(stderr);
    });
    let Ok(stderr) = receiver.recv_timeout(PATIENCE) else {
        let _ = child.kill();
        panic!("it hangs, or has left a process behind");
    };
    Output { status: child.wait().expect("its end"), stdout: Vec::new(), stderr }
}
