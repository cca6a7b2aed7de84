//! Every way in which a process can end, as its parent sees it.

mod sys;
mod watchdog;

use std::io::Read;
use std::path::Path;
use std::process::{abort, exit};
use std::{env, fs, panic, thread};

use proc_spawn::{Failure, JoinError, Panic, Process, SpawnError, Stdio, parent};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sys::{ABORT, ABORT_TEXT, FOREIGN, make_another_build};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn same<T>(value: T) -> T {
    value
}

fn forever() {
    loop {
        thread::park();
    }
}

/// The panic of a function that was to panic.
fn panic_of<R: std::fmt::Debug>(result: Result<R, JoinError>) -> Panic {
    match result {
        Err(JoinError::Panicked(panic)) => panic,
        other => panic!("expected a panic, got {other:?}"),
    }
}

#[test]
fn a_function_runs_in_a_process_of_its_own_and_its_result_comes_back() {
    let _watchdog = watch("a plain spawn");
    let child = Process::spawn(std::process::id, ()).unwrap();
    let id = child.id();
    assert_ne!(id, std::process::id());
    assert_eq!(child.wait().code(), Some(0));
    assert_eq!(child.join().unwrap(), id);
}

#[test]
fn items_generic_functions_and_closures_are_called_with_spread_arguments() {
    let _watchdog = watch("a call");
    assert_eq!(Process::spawn(add, (1, 2)).unwrap().join().unwrap(), 3);
    assert_eq!(Process::spawn(same, (1_u8, "x".to_owned())).unwrap().join().unwrap().1, "x");
    assert_eq!(Process::spawn(|a, b, c| a + b + c, (1, 2, 3)).unwrap().join().unwrap(), 6);
    assert_eq!(Process::spawn(|| 7_u16, ()).unwrap().join().unwrap(), 7);
    assert_eq!(Process::spawn(|it: Vec<u8>| it.len(), vec![0; 3]).unwrap().join().unwrap(), 3);
}

#[test]
fn a_panic_comes_back_with_message_place_thread_and_stack() {
    let _watchdog = watch("a panic");
    fn fail(number: u32) -> u32 {
        panic!("the number is {number}")
    }
    let line = line!() - 2;
    let builder = Process::builder().env_remove("RUST_LIB_BACKTRACE").env_remove("RUST_BACKTRACE");
    let child = builder.spawn(fail, 13).unwrap();
    assert_eq!(child.wait().code(), Some(101));
    let panic = panic_of(child.join());
    assert_eq!(panic.message, "the number is 13");
    let location = panic.location.expect("a place");
    assert!(location.file.ends_with("outcomes.rs"), "{location}");
    assert_eq!((location.line, location.column), (line, 9));
    assert!(panic.backtrace.expect("a stack").contains("fail"));
}

#[test]
fn the_stack_of_a_panic_can_be_left_out() {
    let _watchdog = watch("a panic");
    let builder = Process::builder().env("RUST_LIB_BACKTRACE", "0");
    let panic = panic_of(builder.spawn(|| -> () { panic!("no") }, ()).unwrap().join());
    assert_eq!((panic.message.as_str(), panic.backtrace), ("no", None));
}

#[test]
fn a_panic_that_was_caught_before_leaves_no_trace_in_a_later_one() {
    let _watchdog = watch("a second panic");
    let child = Process::spawn(
        || -> () {
            let _ = panic::catch_unwind(|| panic!("the first"));
            panic::resume_unwind(Box::new("the second".to_owned()));
        },
        (),
    );
    let panic = panic_of(child.unwrap().join());
    assert_eq!((panic.message.as_str(), panic.location), ("the second", None));
}

#[test]
fn the_error_that_a_function_returns_keeps_its_sources() {
    let _watchdog = watch("an error");
    fn parse(text: String) -> Result<u8, Failure> {
        let number = text.parse::<u8>().map_err(|error| Failure::from(error).context("no byte"))?;
        Ok(number)
    }
    let failure = Process::spawn(parse, "300".to_owned()).unwrap().join().unwrap().unwrap_err();
    assert_eq!(format!("{failure:#}"), "no byte: number too large to fit in target type");
    assert!(failure.as_error().source().is_some());
}

#[test]
fn a_killed_process_is_reported_with_its_signal() {
    let _watchdog = watch("a kill");
    let child = Process::spawn(forever, ()).unwrap();
    assert!(child.is_alive());
    assert_eq!(child.exitcode(), None);
    child.kill().unwrap();
    child.wait();
    assert!(!child.is_alive());
    assert_eq!(child.exitcode(), Some(-9));
    child.kill().expect("killing the dead is no error");
    assert!(matches!(child.join(), Err(JoinError::Crashed { signal: 9, core_dumped: false })));
}

#[test]
fn a_process_that_is_asked_to_end_ends() {
    let _watchdog = watch("a request to end");
    let child = Process::spawn(forever, ()).unwrap();
    child.terminate().unwrap();
    assert!(matches!(child.join(), Err(JoinError::Crashed { signal: 15, .. })));
}

#[test]
fn an_abort_is_a_crash_and_an_early_exit_is_an_exit() {
    let _watchdog = watch("an abort");
    let aborted = Process::spawn(|| -> () { abort() }, ()).unwrap();
    assert!(matches!(aborted.join(), Err(JoinError::Crashed { signal: ABORT, .. })));
    for code in [0, 7] {
        let exited = Process::spawn(|code: i32| -> u8 { exit(code) }, code).unwrap();
        match exited.join() {
            Err(JoinError::Exited { code: seen }) => assert_eq!(seen, code),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_last_lines_of_standard_error_come_with_the_error_if_asked_for() {
    let _watchdog = watch("last lines");
    let kept = |lines| Process::builder().stderr(Stdio::null()).stderr_lines(lines);
    let crash = |count: u32| -> () {
        (0..count).for_each(|n| eprintln!("line {n}"));
        eprint!("the end");
        abort();
    };
    // More than a pipe holds: somebody reads while it runs.
    match kept(3).spawn(crash, 20_000).unwrap().join() {
        Err(error @ JoinError::WithStderr { .. }) => {
            assert!(matches!(error.cause(), JoinError::Crashed { signal: ABORT, .. }));
            let text = error.to_string();
            assert!(text.ends_with("error:\nline 19998\nline 19999\nthe end"), "{text}");
            assert!(text.starts_with(ABORT_TEXT), "{text}");
        }
        other => panic!("{other:?}"),
    }
    let several: Vec<_> = (0..8).map(|_| kept(1).spawn(crash, 5000).unwrap()).collect();
    for child in several {
        match child.join() {
            Err(JoinError::WithStderr { lines, .. }) => assert_eq!(lines, "the end"),
            other => panic!("{other:?}"),
        }
    }
    let silent = kept(3).spawn(|| -> () { abort() }, ()).unwrap().join();
    assert!(matches!(silent, Err(JoinError::Crashed { signal: ABORT, .. })), "{silent:?}");
    assert_eq!(kept(3).spawn(|| eprintln!("fine"), ()).unwrap().join().unwrap(), ());
    let refused = Process::builder().stderr(Stdio::piped()).stderr_lines(1).spawn(forever, ());
    assert!(matches!(refused, Err(SpawnError::Invalid { .. })));
}

#[test]
fn what_is_kept_of_standard_error_is_passed_on_before_the_exit() {
    let _watchdog = watch("passing on");
    let family = || {
        let talk = || (0..3).for_each(|n| eprintln!("line {n}"));
        drop(Process::builder().stderr_lines(1).spawn(talk, ()).unwrap());
    };
    let mut child = Process::builder().stderr(Stdio::piped()).spawn(family, ()).unwrap();
    let mut errors = child.take_stderr().unwrap();
    child.join().unwrap();
    let mut text = String::new();
    errors.read_to_string(&mut text).unwrap();
    assert_eq!(text, "line 0\nline 1\nline 2\n");
}

#[test]
fn another_executable_runs_the_function_only_if_it_is_the_same_build() {
    let _watchdog = watch("another executable");
    let start = |path: &Path| Process::builder().executable(path).spawn(add, (1, 2));
    let this = env::current_exe().unwrap();
    let copy = env::temp_dir().join(format!("tandem-copy-{}", std::process::id()));
    fs::copy(&this, &copy).unwrap();
    let sum = start(&copy).unwrap().join();
    fs::remove_file(&copy).unwrap();
    assert_eq!(sum.unwrap(), 3);

    let mut image = fs::read(&this).unwrap();
    make_another_build(&mut image);
    fs::copy(&this, &copy).unwrap();
    fs::write(&copy, image).unwrap();
    let refused = start(&copy).unwrap().join();
    fs::remove_file(&copy).unwrap();
    match refused {
        Err(error @ JoinError::OtherBuild { .. }) => {
            let JoinError::OtherBuild { parent, child } = &error else { unreachable!() };
            assert_ne!(parent, child);
            assert!(error.to_string().contains(parent) && error.to_string().contains(child));
        }
        other => panic!("{other:?}"),
    }
    let foreign = start(Path::new(FOREIGN)).unwrap().join();
    assert!(matches!(foreign, Err(JoinError::NotInitialized { code: 0 })), "{foreign:?}");
    let missing = start(Path::new("/no/such/file")).unwrap_err();
    assert!(matches!(missing, SpawnError::System { .. }), "{missing}");
}

#[test]
fn a_handle_prints_what_is_known_of_its_process() {
    let _watchdog = watch("a handle");
    let child = Process::builder().name("P").daemon(true).spawn(forever, ()).unwrap();
    let running = format!("{child:?}");
    let id = child.id();
    let expected = format!("Process {{ name: \"P\", id: {id}, daemon: true, exitcode: None }}");
    assert_eq!(running, expected);
    child.kill().unwrap();
    child.wait();
    assert!(format!("{child:?}").ends_with("exitcode: Some(-9) }"));
}

/// What goes wrong when this is encoded or decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    Encode,
    EncodePanic,
    Decode,
    DecodePanic,
}

impl Serialize for Flaw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Encode => Err(serde::ser::Error::custom("this cannot be encoded")),
            Self::EncodePanic => panic!("the encoding panics"),
            other => (*other as u8).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Flaw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            byte if byte == Self::Decode as u8 => {
                Err(serde::de::Error::custom("this cannot be decoded"))
            }
            byte if byte == Self::DecodePanic as u8 => panic!("the decoding panics"),
            _ => Ok(Self::None),
        }
    }
}

/// Makes a value in the child, where there was none before.
fn make(number: u8) -> Flaw {
    [Flaw::None, Flaw::Encode, Flaw::EncodePanic, Flaw::Decode][usize::from(number)]
}

#[test]
fn arguments_that_cannot_be_encoded_start_nothing() {
    let _watchdog = watch("an argument");
    let error = Process::spawn(same, Flaw::Encode).unwrap_err();
    assert_eq!(error.to_string(), "failed to encode the arguments");
}

#[test]
fn arguments_that_cannot_be_decoded_are_reported() {
    let _watchdog = watch("an argument");
    let child = Process::spawn(same, Flaw::Decode).unwrap();
    assert_eq!(child.wait().code(), Some(1));
    assert!(matches!(child.join(), Err(JoinError::Arguments(_))));
    let child = Process::spawn(same, Flaw::DecodePanic).unwrap();
    assert_eq!(panic_of(child.join()).message, "the decoding panics");
}

#[test]
fn results_that_cannot_be_encoded_or_decoded_are_reported() {
    let _watchdog = watch("a result");
    assert_eq!(Process::spawn(make, 0).unwrap().join().unwrap(), Flaw::None);
    match Process::spawn(make, 1).unwrap().join() {
        Err(JoinError::Encode(problem)) => assert!(problem.contains("encode"), "{problem}"),
        other => panic!("{other:?}"),
    }
    let panic = panic_of(Process::spawn(make, 2).unwrap().join());
    assert_eq!(panic.message, "the encoding panics");
    assert!(matches!(Process::spawn(make, 3).unwrap().join(), Err(JoinError::Decode(_))));
}

/// Cannot be dropped in a child.
#[derive(Serialize, Deserialize)]
struct Sticky(u32);

impl Drop for Sticky {
    fn drop(&mut self) {
        assert!(parent().is_none(), "it sticks");
    }
}

#[test]
fn a_result_counts_although_it_cannot_be_dropped_after_it_was_handed_over() {
    let _watchdog = watch("a result that sticks");
    let quiet = Process::builder().stderr(Stdio::null());
    let child = quiet.spawn(|| Sticky(7), ()).unwrap();
    assert_eq!(child.wait().code(), Some(101));
    assert_eq!(child.join().unwrap().0, 7);
}
