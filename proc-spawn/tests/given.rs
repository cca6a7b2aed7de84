//! What a child is given: arguments, environment, directory, streams, functions.

mod sys;
mod watchdog;

use std::fs::File;
use std::io::{Read, Write};
use std::time::Duration;
use std::{env, thread};

use proc_spawn::{CapturesNothing, Portable, Process, SpawnError, Stdio};
use sys::{NULL, is_given};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn forever() {
    loop {
        thread::park();
    }
}

#[test]
fn a_child_is_given_the_same_arguments_and_the_environment_that_was_set() {
    let _watchdog = watch("an environment");
    let elsewhere = env::temp_dir().canonicalize().unwrap();
    let child =
        Process::builder().env("TANDEM_A", "1").env_remove("PATH").current_dir(&elsewhere).spawn(
            || {
                let arguments: Vec<_> = env::args().collect();
                let all = (env::var("TANDEM_A").ok(), env::var("PATH").ok());
                (arguments, all, env::current_dir().unwrap(), env::vars().count())
            },
            (),
        );
    let (arguments, all, directory, count) = child.unwrap().join().unwrap();
    assert_eq!(arguments, env::args().collect::<Vec<_>>());
    assert_eq!(all, (Some("1".to_owned()), None));
    assert_eq!(directory.canonicalize().unwrap(), elsewhere);
    assert!(count > 1);

    let child = Process::builder().env_clear().env("ONLY", "x").spawn(
        || env::vars().map(|(name, _)| name).filter(|name| !is_given(name)).collect::<Vec<_>>(),
        (),
    );
    assert_eq!(child.unwrap().join().unwrap(), ["ONLY"]);
}

#[test]
fn what_cannot_be_set_is_refused_by_name() {
    let _watchdog = watch("a bad setting");
    for (key, value) in [("", "x"), ("A=B", "x"), ("A", "\0"), ("A\0", "x")] {
        let error = Process::builder().env(key, value).spawn(forever, ()).unwrap_err();
        assert!(matches!(error, SpawnError::Invalid { .. }), "{key:?}: {error}");
    }
    let error = Process::builder().current_dir("/no/such/place").spawn(forever, ()).unwrap_err();
    assert_eq!(error.to_string(), "failed to start this program again in /no/such/place");
}

#[test]
fn standard_streams_can_be_pipes_files_or_nothing() {
    let _watchdog = watch("streams");
    let shout = || {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).unwrap();
        // No line end: it comes through only if the stream is flushed at the end.
        print!("{}", text.to_uppercase());
        std::io::stderr().write_all(b"done").unwrap();
    };
    let mut child = Process::builder()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn(shout, ())
        .unwrap();
    let (mut output, mut errors) = (child.take_stdout().unwrap(), child.take_stderr().unwrap());
    child.take_stdin().unwrap().write_all(b"hello").unwrap();
    child.join().unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    output.read_to_string(&mut out).unwrap();
    errors.read_to_string(&mut err).unwrap();
    assert!(out.ends_with("HELLO"), "{out:?}");
    assert_eq!(err, "done");

    let input = File::open(NULL).unwrap();
    let quiet = Process::builder().stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.spawn(shout, ()).unwrap().join().unwrap();
}

#[test]
fn who_waits_for_a_child_keeps_it_waiting_for_nothing() {
    let _watchdog = watch("a pipe that nobody writes to");
    let read = || std::io::read_to_string(std::io::stdin()).unwrap();
    let child = Process::builder().stdin(Stdio::piped()).spawn(read, ()).unwrap();
    assert!(child.wait_timeout(Duration::from_millis(20)).is_none());
    assert!(child.wait().success());
    assert_eq!(child.join().unwrap(), "");
}

#[test]
fn a_function_can_be_sent_to_a_process_that_runs() {
    let _watchdog = watch("a function");
    fn apply<F: CapturesNothing + Fn(u32) -> u32>(f: Portable<F>, n: u32) -> u32 {
        f.into_inner()(n)
    }
    let double = Portable::new(|n| 2 * n).unwrap();
    assert_eq!(Process::spawn(apply, (double, 21)).unwrap().join().unwrap(), 42);

    let (wrong, right) = (Portable::new(|| 1).unwrap(), Portable::new(|| 2).unwrap());
    let name = serde_json::to_string(&wrong).unwrap();
    assert_eq!(decode_like(wrong, &name).unwrap().into_inner()(), 1);
    let error = decode_like(right, &name).unwrap_err();
    assert_eq!(error.to_string(), "no function of this program has that name");
}

fn decode_like<F: CapturesNothing>(
    _like: Portable<F>,
    name: &str,
) -> Result<Portable<F>, serde_json::Error> {
    serde_json::from_str(name)
}
