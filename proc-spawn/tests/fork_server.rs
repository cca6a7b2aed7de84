//! The fork server itself: its death, what it needs, and whose its children are. Each test has a process, and so a
//! server, of its own.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "sets a limit")]

mod watchdog;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::{env, process, thread};

use ipc::{Receiver, Sender, channel};
use proc_spawn::{
    Builder, JoinError, Process, SpawnError, StartMethod, Stdio, active_children,
    forkserver_preload, parent, set_start_method,
};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn copied() -> Builder<Process> {
    Process::builder().start_method(StartMethod::ForkServer)
}

/// The children of this process that it does not know, in the order of their birth: its fork server and then the
/// spare, unless that is just being made.
fn servers() -> Vec<u32> {
    let all = fs::read_to_string("/proc/thread-self/children").unwrap();
    let known: Vec<_> = active_children().iter().map(|child| child.id).collect();
    let all = all.split_whitespace().map(|id| id.parse().unwrap());
    all.filter(|id| !known.contains(id)).collect()
}

fn kill(id: u32) {
    let killed = process::Command::new("kill").args(["-9", &id.to_string()]).status();
    assert!(killed.unwrap().success());
    wait_for_end(id);
}

/// Of a process that nobody waits for but the kernel, which takes a moment.
fn wait_for_end(id: u32) {
    while fs::read_to_string(format!("/proc/{id}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
    {
        thread::yield_now();
    }
}

/// The fork server and its spare.
fn server_and_spare() -> (u32, u32) {
    loop {
        match servers()[..] {
            [server, spare] => return (server, spare),
            [_] => thread::yield_now(),
            ref others => panic!("{others:?}"),
        }
    }
}

fn one_is_started() -> u32 {
    let child = copied().spawn(process::id, ()).unwrap();
    let id = child.id();
    assert_eq!(child.join().unwrap(), id);
    id
}

#[test]
fn a_child_outlives_the_server_that_made_it_and_the_next_one_has_another() {
    let _watchdog = watch("a dead server");
    let family = || {
        let (go, wait) = channel::<u32>(1).unwrap();
        let work = |wait: Receiver<u32>| (wait.recv().unwrap(), parent().unwrap().id);
        let child = copied().spawn(work, wait).unwrap();
        let (server, spare) = server_and_spare();
        kill(server);
        kill(spare);
        one_is_started();
        assert!(child.is_alive());
        go.send(7).unwrap();
        assert_eq!(child.join().unwrap(), (7, process::id()));
        let (another, _) = server_and_spare();
        assert_ne!(server, another);
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn the_spare_of_a_dead_server_is_the_next_child_and_the_one_after_it_has_another_server() {
    let _watchdog = watch("a spare without a server");
    let family = || {
        one_is_started();
        let (server, spare) = server_and_spare();
        kill(server);
        assert_eq!(one_is_started(), spare);
        assert_ne!(one_is_started(), spare);
        let (another, _) = server_and_spare();
        assert_ne!(another, server);
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_spare_that_is_killed_was_no_child_and_leaves_nothing() {
    let _watchdog = watch("dead spares");
    let family = || {
        one_is_started();
        for _ in 0..10 {
            let (server, spare) = server_and_spare();
            kill(spare);
            // It may be on its way out when the next is asked for.
            assert_ne!(one_is_started(), spare);
            let (another, _) = server_and_spare();
            assert_ne!(another, server);
        }
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_child_that_is_killed_at_once_costs_no_server() {
    let _watchdog = watch("short children");
    let family = || {
        one_is_started();
        let (server, _) = server_and_spare();
        for _ in 0..200 {
            let child = copied().spawn(thread::park, ()).unwrap();
            child.kill().unwrap();
            assert!(child.join().is_err());
        }
        assert_eq!(server_and_spare().0, server);
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

extern "C" fn take_note(_: libc::c_int) {}

#[test]
fn an_interrupt_while_a_spare_stands_by_is_not_for_the_child_that_it_becomes() {
    let _watchdog = watch("an interrupted spare");
    let family = || {
        // SAFETY: the handler does nothing, and the group is this process's own.
        unsafe {
            let handler = take_note as extern "C" fn(libc::c_int);
            libc::signal(libc::SIGINT, handler as libc::sighandler_t);
            libc::setpgid(0, 0);
        }
        one_is_started();
        let (server, _) = server_and_spare();
        for _ in 0..5 {
            let (_, spare) = server_and_spare();
            // SAFETY: takes integers.
            unsafe { libc::kill(0, libc::SIGINT) };
            assert_eq!(one_is_started(), spare);
        }
        assert_eq!(server_and_spare().0, server);
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_server_that_is_not_wanted_any_more_leaves_with_its_spare() {
    let _watchdog = watch("a server that is not wanted");
    let family = || {
        for _ in 0..10 {
            one_is_started();
            // The spare of the last one is wanted, there, or just being made.
            forkserver_preload(|| ()).unwrap();
            assert_eq!(servers(), []);
        }
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_server_without_room_for_what_a_child_is_given_says_so() {
    let _watchdog = watch("a server without room");
    let family = || {
        forkserver_preload(|| {
            // Its streams and its line, and one more.
            let limit = libc::rlimit { rlim_cur: 5, rlim_max: 5 };
            // SAFETY: the kernel reads one rlimit.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
        })
        .unwrap();
        let Err(SpawnError::System { error, .. }) = copied().spawn(|| 1, ()) else {
            panic!("there is no room")
        };
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_child_is_given_a_stream_that_its_parent_has_not() {
    let _watchdog = watch("a closed stream");
    let family = || {
        // SAFETY: takes an integer. Nobody owns the standard input.
        unsafe { libc::close(libc::STDIN_FILENO) };
        let read = || io::read_to_string(io::stdin()).unwrap();
        let mut child = copied().stdin(Stdio::piped()).spawn(read, ()).unwrap();
        child.take_stdin().unwrap().write_all(b"a line").unwrap();
        assert_eq!(child.join().unwrap(), "a line");
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_directory_that_nobody_may_enter_is_an_error_of_the_start() {
    let _watchdog = watch("a closed directory");
    let closed = env::temp_dir().join(format!("tandem-closed-{}", process::id()));
    fs::DirBuilder::new().mode(0o000).create(&closed).unwrap();
    let family = |directory: String| {
        // SAFETY: take nothing, and an integer.
        unsafe {
            if libc::geteuid() == 0 {
                assert_eq!(libc::setuid(65534), 0);
            }
        }
        match copied().current_dir(directory).spawn(|| (), ()) {
            Err(SpawnError::System { error, .. }) => {
                error.kind() == io::ErrorKind::PermissionDenied
            }
            other => panic!("{other:?}"),
        }
    };
    let refused = Process::spawn(family, closed.to_str().unwrap().to_owned()).unwrap().join();
    fs::remove_dir(&closed).unwrap();
    assert!(refused.unwrap());
}

/// Containers answer so, since their filters cannot look into the memory where its flags are.
fn refuse_clone3() {
    const LOAD_NUMBER: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const ANSWER: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jf, k| libc::sock_filter { code, jt: 0, jf, k };
    let mut steps = [
        step(LOAD_NUMBER, 0, 0),
        step(JUMP_IF_EQUAL, 1, libc::SYS_clone3 as u32),
        step(ANSWER, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32),
        step(ANSWER, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: the kernel copies the program, which outlives the call.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let mode = libc::SECCOMP_MODE_FILTER;
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const filter), 0);
    }
}

#[test]
fn a_server_makes_children_where_system_calls_are_filtered() {
    let _watchdog = watch("a filter");
    let family = || {
        refuse_clone3();
        one_is_started();
        one_is_started();
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_process_without_descriptors_leaves_no_child_that_nobody_knows() {
    let _watchdog = watch("a process without descriptors");
    let family = || {
        one_is_started();
        let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
        // SAFETY: the kernel reads one rlimit.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
        for free in 0..12 {
            let mut files: Vec<_> = (0..).map_while(|_| fs::File::open("/dev/null").ok()).collect();
            files.truncate(files.len() - free);
            let started = copied().spawn(process::id, ());
            drop(files);
            if let Ok(child) = started {
                assert!(child.join().is_ok());
            }
            // It would be among these.
            server_and_spare();
        }
        let files: Vec<_> = (0..).map_while(|_| fs::File::open("/dev/null").ok()).collect();
        forkserver_preload(|| ()).unwrap();
        drop(files);
        assert_eq!(servers(), []);
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_server_ends_with_its_program_however_that_ends() {
    let _watchdog = watch("an orphaned server");
    let family = |report: Sender<(u32, u32)>| {
        one_is_started();
        report.send(server_and_spare()).unwrap();
        loop {
            thread::park();
        }
    };
    let (report, reports) = channel(1).unwrap();
    let child: Process<()> = Process::spawn(family, report).unwrap();
    let (server, spare) = reports.recv().unwrap();
    child.kill().unwrap();
    assert!(matches!(child.join(), Err(JoinError::Crashed { signal: 9, .. })));
    wait_for_end(server);
    wait_for_end(spare);
}

#[test]
fn the_start_method_is_inherited() {
    let _watchdog = watch("a start method");
    let family = || {
        set_start_method(StartMethod::ForkServer);
        let child = || {
            Process::spawn(|| (), ()).unwrap().join().unwrap();
            !servers().is_empty()
        };
        Process::spawn(child, ()).unwrap().join().unwrap()
    };
    assert!(Process::spawn(family, ()).unwrap().join().unwrap());
}

#[test]
fn many_threads_share_one_server() {
    let _watchdog = watch("a shared server");
    let family = || {
        thread::scope(|scope| {
            for n in 0..8_u32 {
                scope.spawn(move || {
                    for _ in 0..5 {
                        assert_eq!(copied().spawn(|n: u32| n, n).unwrap().join().unwrap(), n);
                    }
                });
            }
        });
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}
