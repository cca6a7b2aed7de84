//! What a fork server loads. Each test has a process, and so a server, of its own.
#![cfg(target_os = "linux")]

mod watchdog;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use proc_spawn::{Builder, Process, SpawnError, StartMethod, Stdio, forkserver_preload};
use watchdog::watch;

proc_spawn::enable_test_support!();

static TABLE: OnceLock<u32> = OnceLock::new();
static DONE: AtomicBool = AtomicBool::new(false);

fn copied() -> Builder<Process> {
    Process::builder().start_method(StartMethod::ForkServer)
}

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

#[test]
fn what_is_to_be_loaded_is_there_in_the_next_child_whoever_else_starts_some() {
    let _watchdog = watch("a preload that changes");
    let family = || {
        let loaded = || TABLE.get().copied();
        let start = move || copied().spawn(loaded, ()).unwrap().join().unwrap();
        let mut found = Vec::new();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !DONE.load(Relaxed) {
                        start();
                    }
                });
            }
            for _ in 0..40 {
                forkserver_preload(|| TABLE.set(1).unwrap()).unwrap();
                found.push(start());
                forkserver_preload(|| TABLE.set(2).unwrap()).unwrap();
                found.push(start());
            }
            DONE.store(true, Relaxed);
        });
        assert_eq!(found, [Some(1), Some(2)].repeat(40));
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

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
    let quiet = Process::builder().stderr(Stdio::null());
    quiet.spawn(family, ()).unwrap().join().unwrap();
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
