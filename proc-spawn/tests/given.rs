//! What a child is given: arguments, environment, streams, descriptors, signals.
#![expect(unsafe_code, reason = "makes descriptors and signal masks that safe code does not")]

mod watchdog;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::{env, thread};

use ipc::{Receiver, channel};
use proc_spawn::{CapturesNothing, JoinError, Portable, Process, SpawnError, Stdio};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn forever() {
    loop {
        thread::park();
    }
}

extern "C" fn take_note(_: libc::c_int) {}

#[test]
fn an_interrupt_from_the_terminal_ends_the_plain_children_of_a_group() {
    let _watchdog = watch("a terminal");
    let family = || {
        // SAFETY: the handler does nothing. The group is this process's own, and so is the signal.
        unsafe {
            libc::setpgid(0, 0);
            let handler = take_note as extern "C" fn(libc::c_int);
            libc::signal(libc::SIGINT, handler as libc::sighandler_t);
        }
        let (go, wait) = channel::<()>(1).unwrap();
        let work = |wait: Receiver<()>| wait.recv().is_ok();
        let plain = Process::spawn(work, wait.clone()).unwrap();
        let ignoring = Process::builder().ignore_interrupt(true).spawn(work, wait).unwrap();
        // SAFETY: as above.
        unsafe { libc::kill(0, libc::SIGINT) };
        assert!(matches!(plain.join(), Err(JoinError::Crashed { signal: 2, .. })));
        go.send(()).unwrap();
        assert!(ignoring.join().unwrap());
        Process::spawn(|| 3, ()).unwrap().join().unwrap()
    };
    assert_eq!(Process::spawn(family, ()).unwrap().join().unwrap(), 3);
}

#[test]
fn a_child_is_given_the_same_arguments_and_the_environment_that_was_set() {
    let _watchdog = watch("an environment");
    let child =
        Process::builder().env("TANDEM_A", "1").env_remove("PATH").current_dir("/proc").spawn(
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
    assert_eq!(directory, Path::new("/proc"));
    assert!(count > 1);

    let child = Process::builder().env_clear().env("ONLY", "x").spawn(|| env::vars().count(), ());
    assert_eq!(child.unwrap().join().unwrap(), 1);
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

    let input = File::open("/dev/null").unwrap();
    let quiet = Process::builder().stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.spawn(shout, ()).unwrap().join().unwrap();
}

#[test]
fn a_descriptor_that_others_may_inherit_does_not_reach_a_child() {
    let _watchdog = watch("a descriptor");
    let file = File::open("/proc/self/status").unwrap();
    // SAFETY: takes an integer. The copy, which any exec would inherit, is left open for good.
    let leaky = unsafe { libc::dup(file.as_raw_fd()) };
    assert!(leaky > 3);
    let open = |fd: i32| {
        // SAFETY: takes integers.
        let inherited = unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0;
        let count = fs::read_dir("/proc/self/fd").unwrap().count();
        (
            inherited && fs::read_link(format!("/proc/self/fd/{fd}")).unwrap().ends_with("status"),
            count,
        )
    };
    let (inherited, count) = Process::spawn(open, leaky).unwrap().join().unwrap();
    assert!(!inherited);
    // The streams, the hand-over, a handful of ipc's, the directory itself.
    assert!(count <= 12, "{count} descriptors");
}

#[test]
fn a_child_of_a_thread_that_blocks_signals_can_be_asked_to_end() {
    let _watchdog = watch("a blocked signal");
    thread::spawn(|| {
        // SAFETY: the set is written before it is read; the mask is this thread's alone.
        unsafe {
            let mut all = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, std::ptr::null_mut());
        }
        let child = Process::spawn(forever, ()).unwrap();
        child.terminate().unwrap();
        assert!(matches!(child.join(), Err(JoinError::Crashed { signal: 15, .. })));
    })
    .join()
    .unwrap();
}

#[test]
fn an_interrupt_ends_a_plain_child_and_not_one_that_is_left_to_its_parent() {
    let _watchdog = watch("an interrupt");
    let interrupt = |child: &Process<u8>| {
        // SAFETY: takes integers; the child is not reaped, so the id is its own.
        unsafe { libc::kill(child.id() as i32, libc::SIGINT) };
    };
    let (go, wait) = channel::<()>(2).unwrap();
    let work = |wait: Receiver<()>| -> u8 {
        wait.recv().unwrap();
        // Its own children are plain again.
        let child = Process::spawn(|| -> () { forever() }, ()).unwrap();
        // SAFETY: as above.
        unsafe { libc::kill(child.id() as i32, libc::SIGINT) };
        assert_eq!(child.wait().code(), None);
        7
    };
    let plain = Process::spawn(work, wait.clone()).unwrap();
    interrupt(&plain);
    assert!(matches!(plain.join(), Err(JoinError::Crashed { signal: 2, .. })));

    let ignoring = Process::builder().ignore_interrupt(true).spawn(work, wait).unwrap();
    // At once: it may not even have come to its guard.
    interrupt(&ignoring);
    go.send(()).unwrap();
    assert_eq!(ignoring.join().unwrap(), 7);
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
