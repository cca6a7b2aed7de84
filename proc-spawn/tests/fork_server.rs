//! The fork server itself: its death, what it loads, and whose its children are. Each test has a
//! process, and so a server, of its own.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "sets a limit")]

mod watchdog;

use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use ipc::{Receiver, Sender, channel};
use proc_spawn::{
    Builder, JoinError, Process, SpawnError, StartMethod, active_children, forkserver_preload,
    parent, set_start_method,
};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn copied() -> Builder<Process> {
    Process::builder().start_method(StartMethod::ForkServer)
}

/// The children of this process that it does not know: its fork server.
fn servers() -> Vec<u32> {
    let all = fs::read_to_string("/proc/thread-self/children").unwrap();
    let known: Vec<_> = active_children().iter().map(|child| child.id).collect();
    let all = all.split_whitespace().map(|id| id.parse().unwrap());
    all.filter(|id| !known.contains(id)).collect()
}

fn kill(id: u32) {
    let killed = std::process::Command::new("kill").args(["-9", &id.to_string()]).status();
    assert!(killed.unwrap().success());
}

#[test]
fn a_child_outlives_the_server_that_made_it_and_the_next_one_has_another() {
    let _watchdog = watch("a dead server");
    let family = || {
        let (go, wait) = channel::<u32>(1).unwrap();
        let work = |wait: Receiver<u32>| (wait.recv().unwrap(), parent().unwrap().id);
        let child = copied().spawn(work, wait).unwrap();
        let [server] = servers()[..] else { panic!("{:?}", servers()) };
        kill(server);
        let second = copied().spawn(std::process::id, ()).unwrap();
        let id = second.id();
        assert_eq!(second.join().unwrap(), id);
        assert!(child.is_alive());
        go.send(7).unwrap();
        assert_eq!(child.join().unwrap(), (7, std::process::id()));
        let [another] = servers()[..] else { panic!("{:?}", servers()) };
        assert_ne!(server, another);
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

static TABLE: OnceLock<u32> = OnceLock::new();

#[test]
fn what_is_loaded_is_there_in_every_child() {
    let _watchdog = watch("a preload");
    let family = || {
        assert_eq!(copied().spawn(|| TABLE.get().copied(), ()).unwrap().join().unwrap(), None);
        forkserver_preload(|| TABLE.set(5).unwrap()).unwrap();
        for _ in 0..2 {
            let child = copied().spawn(|| TABLE.get().copied(), ()).unwrap();
            assert_eq!(child.join().unwrap(), Some(5));
        }
        // The other way to start a child is not concerned.
        assert_eq!(Process::spawn(|| TABLE.get().copied(), ()).unwrap().join().unwrap(), None);
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

static DONE: AtomicBool = AtomicBool::new(false);

#[test]
fn a_preload_that_panics_or_starts_threads_is_an_error_and_not_a_hang() {
    let _watchdog = watch("a bad preload");
    let family = || {
        let text = |error: SpawnError| format!("{:#}", proc_spawn::Failure::from(error));
        forkserver_preload(|| panic!("it cannot be loaded")).unwrap();
        let error = text(copied().spawn(|| 1, ()).unwrap_err());
        assert!(error.contains("ends before it can make a child"), "{error}");
        forkserver_preload(|| {
            thread::spawn(|| {
                while !DONE.load(Relaxed) {
                    thread::park();
                }
            });
        })
        .unwrap();
        let error = text(copied().spawn(|| 1, ()).unwrap_err());
        assert!(error.contains("has started threads"), "{error}");
        forkserver_preload(|| ()).unwrap();
        assert_eq!(copied().spawn(|| 1, ()).unwrap().join().unwrap(), 1);
    };
    let quiet = Process::builder().stderr(proc_spawn::Stdio::null());
    quiet.spawn(family, ()).unwrap().join().unwrap();
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
fn a_preload_cannot_start_processes() {
    let _watchdog = watch("a preload that starts processes");
    static WHY: OnceLock<String> = OnceLock::new();
    let family = || {
        forkserver_preload(|| {
            let error = Process::spawn(|| (), ()).unwrap_err();
            assert!(matches!(error, SpawnError::NotEntered), "{error}");
            WHY.get_or_init(|| error.to_string());
        })
        .unwrap();
        assert!(copied().spawn(|| WHY.get().is_some(), ()).unwrap().join().unwrap());
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_server_ends_with_its_program_however_that_ends() {
    let _watchdog = watch("an orphaned server");
    let family = |report: Sender<u32>| {
        copied().spawn(|| (), ()).unwrap().join().unwrap();
        report.send(servers()[0]).unwrap();
        loop {
            thread::park();
        }
    };
    let (report, reports) = channel(1).unwrap();
    let child: Process<()> = Process::spawn(family, report).unwrap();
    let server = reports.recv().unwrap();
    child.kill().unwrap();
    assert!(matches!(child.join(), Err(JoinError::Crashed { signal: 9, .. })));
    // Nobody waits for it but the kernel, which takes a moment.
    while fs::read_to_string(format!("/proc/{server}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
    {
        thread::yield_now();
    }
}

#[test]
fn the_start_method_is_inherited() {
    let _watchdog = watch("a start method");
    let family = || {
        set_start_method(StartMethod::ForkServer);
        let child = || {
            Process::spawn(|| (), ()).unwrap().join().unwrap();
            servers().len()
        };
        Process::spawn(child, ()).unwrap().join().unwrap()
    };
    assert_eq!(Process::spawn(family, ()).unwrap().join().unwrap(), 1);
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
