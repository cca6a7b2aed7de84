//! Who waits for whom, who ends with whom, and what a child is given.
#![expect(unsafe_code, reason = "makes descriptors and signal masks that safe code does not")]

mod watchdog;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{env, thread};

use ipc::{Receiver, RecvError, Sender, channel};
use proc_spawn::{
    CapturesNothing, JoinError, Portable, Process, SpawnError, Stdio, active_children, cpu_count,
    current, parent, peak_memory,
};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn forever() {
    loop {
        thread::park();
    }
}

fn exists(id: u32) -> bool {
    Path::new(&format!("/proc/{id}")).exists()
}

#[test]
fn all_threads_that_wait_are_told_the_same() {
    let _watchdog = watch("many waiters");
    let child = Process::spawn(forever, ()).unwrap();
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..8).map(|_| scope.spawn(|| child.wait())).collect();
        child.kill().unwrap();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), child.exit_status().expect("ended"));
        }
    });
}

#[test]
fn who_looks_at_the_moment_of_the_end_sees_the_status_or_none() {
    let _watchdog = watch("many looks");
    for code in 1..=30 {
        let child = Process::spawn(|code: i32| -> () { std::process::exit(code) }, code).unwrap();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let seen = loop {
                        if let Some(seen) = child.exitcode() {
                            break seen;
                        }
                    };
                    assert_eq!(seen, code);
                });
            }
        });
        assert_eq!(child.wait().code(), Some(code));
    }
}

#[test]
fn a_child_whose_end_was_seen_can_be_joined_without_waiting() {
    let _watchdog = watch("a seen end");
    let mut child = Process::spawn(forever, ()).unwrap();
    child.kill().unwrap();
    while child.is_alive() {
        thread::yield_now();
    }
    assert!(matches!(child.try_join(), Some(Err(JoinError::Crashed { signal: 9, .. }))));
}

#[test]
fn no_child_is_left_as_a_zombie() {
    let _watchdog = watch("zombies");
    let children: Vec<_> =
        (0..20).map(|n: u32| Process::spawn(|n: u32| n + 1, n).unwrap()).collect();
    let ids: Vec<_> = children.iter().map(Process::id).collect();
    for (n, child) in children.into_iter().enumerate() {
        assert_eq!(child.join().unwrap(), n as u32 + 1);
    }
    let unjoined = Process::spawn(|| (), ()).unwrap();
    unjoined.wait();
    assert!(ids.into_iter().chain([unjoined.id()]).all(|id| !exists(id)));
}

#[test]
fn a_dropped_daemon_is_gone_and_another_child_is_not() {
    let _watchdog = watch("a dropped daemon");
    let daemon = Process::builder().daemon(true).spawn(forever, ()).unwrap();
    let id = daemon.id();
    drop(daemon);
    assert!(!exists(id));

    let (sender, receiver) = channel::<u32>(1).unwrap();
    let (go, wait) = channel::<()>(1).unwrap();
    let work = |wait: Receiver<()>, sender: Sender<u32>| {
        wait.recv().unwrap();
        sender.send(std::process::id()).unwrap();
    };
    let other = Process::spawn(work, (wait, sender)).unwrap();
    let id = other.id();
    drop(other);
    go.send(()).unwrap();
    assert_eq!(receiver.recv().unwrap(), id);
}

/// Starts a daemon that only reports, then waits for the end of time.
fn parent_of_daemon(report: Sender<u32>) {
    let daemon = |report: Sender<u32>| {
        report.send(std::process::id()).unwrap();
        forever();
    };
    let _daemon = Process::builder().daemon(true).spawn(daemon, report).unwrap();
    forever();
}

#[test]
fn a_daemon_dies_with_its_killed_parent() {
    let _watchdog = watch("an orphan");
    let (sender, receiver) = channel(4).unwrap();
    let child = Process::spawn(parent_of_daemon, sender).unwrap();
    let daemon = receiver.recv().unwrap();
    assert!(exists(daemon));
    child.kill().unwrap();
    // The daemon has the last sender.
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
}

#[test]
fn a_daemon_outlives_the_thread_that_started_it_and_dies_with_the_process() {
    let _watchdog = watch("a thread that ends");
    let family = |report: Sender<u32>, go: Receiver<()>, told: Sender<()>| {
        let start = move || {
            let daemon = |report: Sender<u32>, go: Receiver<()>, told: Sender<()>| {
                report.send(std::process::id()).unwrap();
                go.recv().unwrap();
                told.send(()).unwrap();
                forever();
            };
            let builder = Process::builder().daemon(true);
            builder.spawn(daemon, (report, go, told)).unwrap().detach();
        };
        thread::spawn(start).join().unwrap();
        forever();
    };
    let (report, reports) = channel(1).unwrap();
    let (go, wait) = channel(1).unwrap();
    let (told, tells) = channel(1).unwrap();
    let child = Process::spawn(family, (report, wait, told)).unwrap();
    let daemon = reports.recv().unwrap();
    // The thread may end a moment later, but it is gone by the time its stack is.
    while thread_count(child.id()) > 2 {
        thread::yield_now();
    }
    go.send(()).unwrap();
    tells.recv().unwrap();
    assert!(exists(daemon));
    child.kill().unwrap();
    assert!(matches!(reports.recv(), Err(RecvError::Disconnected)));
}

/// Its first one and its keeper, and others if it has any.
fn thread_count(id: u32) -> usize {
    fs::read_dir(format!("/proc/{id}/task")).unwrap().count()
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
fn at_its_normal_exit_a_process_ends_its_daemons_and_waits_for_the_others() {
    let _watchdog = watch("an exit");
    let (go, wait) = channel::<()>(1).unwrap();
    let (sender, receiver) = channel::<u32>(1).unwrap();
    let family = |wait: Receiver<()>, sender: Sender<u32>| {
        let _daemon = Process::builder().daemon(true).spawn(forever, ()).unwrap();
        let work = |wait: Receiver<()>, sender: Sender<u32>| {
            wait.recv().unwrap();
            sender.send(1).unwrap();
        };
        let _other = Process::spawn(work, (wait, sender)).unwrap();
    };
    let mut child = Process::spawn(family, (wait, sender)).unwrap();
    assert!(child.join_timeout(Duration::from_millis(100)).is_none(), "it waits for its child");
    go.send(()).unwrap();
    child.join().unwrap();
    assert_eq!(receiver.recv().unwrap(), 1);
}

#[test]
fn a_detached_child_outlives_the_process_that_started_it() {
    let _watchdog = watch("a detached child");
    let (go, wait) = channel::<()>(1).unwrap();
    let (sender, receiver) = channel::<u32>(1).unwrap();
    let family = |wait: Receiver<()>, sender: Sender<u32>| {
        let work = |wait: Receiver<()>, sender: Sender<u32>| {
            wait.recv().unwrap();
            sender.send(1).unwrap();
        };
        Process::spawn(work, (wait, sender)).unwrap().detach();
    };
    Process::spawn(family, (wait, sender)).unwrap().join().unwrap();
    go.send(()).unwrap();
    assert_eq!(receiver.recv().unwrap(), 1);
}

#[test]
fn processes_know_themselves_their_parents_and_their_children() {
    let _watchdog = watch("a family");
    type Self_ = (String, bool, String, u32);
    fn describe() -> Self_ {
        let parent = parent().expect("a parent");
        assert!(parent.is_alive());
        (current().name().to_owned(), current().is_daemon(), parent.name, parent.id)
    }
    fn with_child() -> (Self_, Self_, u32) {
        let child = Process::spawn(describe, ()).unwrap().join().unwrap();
        (describe(), child, current().id())
    }
    assert!(parent().is_none());
    assert_eq!(current().name(), "MainProcess");
    let child = Process::builder().name("A").daemon(true).spawn(with_child, ()).unwrap();
    assert!(active_children().iter().any(|it| it.id == child.id() && it.name == "A" && it.daemon));
    let id = child.id();
    let (me, grandchild, my_id) = child.join().unwrap();
    assert_eq!(my_id, id);
    assert!(!active_children().iter().any(|it| it.id == id));
    assert_eq!(
        (me.0.as_str(), me.1, me.2.as_str(), me.3),
        ("A", true, "MainProcess", std::process::id())
    );
    assert!(grandchild.0.starts_with("Process-") && grandchild.0.ends_with(":1"));
    assert_eq!((grandchild.1, grandchild.2.as_str(), grandchild.3), (true, "A", id));
    assert!(cpu_count() >= 1);
    assert!(peak_memory(std::process::id()).is_some_and(|bytes| bytes > 1 << 16));
    assert_eq!(peak_memory(0), None);
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
fn who_asks_to_be_called_at_the_end_finds_the_child_settled() {
    let _watchdog = watch("a call at the end");
    let (sender, receiver) = std::sync::mpsc::channel();
    let builder = Process::builder().on_end(move || sender.send(()).unwrap());
    let mut child = builder.spawn(|| 5, ()).unwrap();
    receiver.recv().unwrap();
    assert_eq!(child.try_join().expect("it has ended").unwrap(), 5);

    // A panic there is nobody else's business.
    let child = Process::builder().on_end(|| panic!("at the end")).spawn(|| 6, ()).unwrap();
    assert_eq!(child.join().unwrap(), 6);
    assert_eq!(Process::spawn(|| 7, ()).unwrap().join().unwrap(), 7);

    // Nothing was started: nothing ends.
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let builder = Process::builder().current_dir("/no/such/place");
    builder.on_end(move || sender.send(()).unwrap()).spawn(forever, ()).unwrap_err();
    receiver.recv().unwrap_err();
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

#[test]
fn a_child_that_becomes_another_program_is_waited_for_to_its_end() {
    let _watchdog = watch("an exec");
    let (sender, receiver) = channel::<u32>(1).unwrap();
    let become_shell = |_last: Sender<u32>| -> () {
        let error = Command::new("/bin/sh").args(["-c", "exit 5"]).exec();
        panic!("{error}");
    };
    let child = Process::spawn(become_shell, sender).unwrap();
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
    assert!(matches!(child.join(), Err(JoinError::Exited { code: 5 })));
}
