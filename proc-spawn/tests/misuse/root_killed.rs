//! The first process of a program is killed while its children, none of which has waited for
//! anybody so far, go on: each that then waits for another must notice that one's end.

mod check;

use std::io::{self, Write};
use std::process::{Command, Stdio, id};
use std::{env, thread};

use ipc::{Receiver, Sender};
use proc_spawn::{Failure, Process};

const ROLE: &str = "TANDEM_TEST_ROOT";

/// Says who it is and then neither starts nor waits for anybody.
fn hold(_last: Sender<u8>, name: String) {
    say(&format!("{name} {}", id()));
    loop {
        thread::park();
    }
}

/// Waits for standard input to end, which is when the root is dead, and only then for `hold`'s end.
fn wait(words: Receiver<u8>, name: String) {
    say(&format!("{name} {}", id()));
    let mut line = String::new();
    // Whoever reads the line, the other sees the end.
    while io::stdin().read_line(&mut line).is_ok_and(|len| len > 0) {}
    let end = words.recv();
    say(&format!("{name} {}", end.is_err()));
}

fn say(text: &str) {
    // In one write: several processes print here.
    let _ = io::stdout().write_all(format!("{text}\n").as_bytes());
}

fn root() -> Result<(), Failure> {
    let (sender, words) = ipc::channel::<u8>(1)?;
    // One waiter is older than who it waits for, and one is younger.
    let _older = Process::spawn(wait, (words.clone(), "older".to_owned()))?;
    let _holder = Process::spawn(hold, (sender, "holder".to_owned()))?;
    let _younger = Process::spawn(wait, (words, "younger".to_owned()))?;
    loop {
        thread::park();
    }
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    if !check::is_mistaken() {
        check::expect("root_killed", 0, &["older true", "younger true"]);
        return Ok(());
    }
    if env::var_os(ROLE).is_some() {
        return root();
    }
    let mut root = Command::new(env::current_exe()?)
        .env(ROLE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = root.stdout.take().ok_or_else(|| Failure::new("no pipe"))?;
    let mut lines = io::BufRead::lines(io::BufReader::new(output));
    let mut holder = String::new();
    for _ in 0..3 {
        let line = lines.next().ok_or_else(|| Failure::new("it ended"))??;
        if let Some(id) = line.strip_prefix("holder ") {
            id.clone_into(&mut holder);
        }
    }
    root.kill()?;
    root.wait()?;
    drop(root.stdin.take());
    Command::new("kill").args(["-9", &holder]).status()?;
    // They end when both have told of the end.
    for line in lines {
        eprintln!("{}", line?);
    }
    Ok(())
}
