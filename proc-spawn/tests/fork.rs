//! Copies of this process. Each test forks in a process of its own, which has one thread of the tests
//! and nobody else's.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "forks")]

mod watchdog;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use ipc::{Queue, Receiver, RecvError, Sender, Shared, channel};
use proc_spawn::{
    Failure, JoinError, Process, SpawnError, Thread, active_children, current, parent,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_prims::process::Lock;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// [`proc_spawn::fork`] where nothing stands against it.
fn copy<R: Serialize + DeserializeOwned + 'static>(
    f: impl FnOnce() -> R,
) -> Result<Process<R>, SpawnError> {
    // SAFETY: no other thread of these processes holds a lock, and what there is one of is used once.
    unsafe { proc_spawn::fork(f) }
}

fn forever() {
    loop {
        thread::park();
    }
}

fn exists(id: u32) -> bool {
    Path::new(&format!("/proc/{id}")).exists()
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Nobody else makes or drops anything while a test counts.
fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_closure_finds_what_it_has_captured_and_its_result_comes_home() {
    let _alone = alone();
    let _watchdog = watch("a capture");
    let family = || {
        let mut words = vec!["a".to_owned(), "b".to_owned()];
        let child = copy(|| {
            words.push("c".to_owned());
            words.concat()
        });
        assert_eq!(child.unwrap().join().unwrap(), "abc");
        assert_eq!(words.len(), 2, "the copy has changed its own");
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_panic_an_exit_and_a_kill_come_home() {
    let _alone = alone();
    let _watchdog = watch("an end");
    let family = || {
        let (text, line) = ("this one", line!() + 1);
        let panicked = copy(|| -> () { panic!("it was {text}") }).unwrap().join();
        let Err(JoinError::Panicked(panic)) = panicked else { panic!("{panicked:?}") };
        assert_eq!(
            (panic.message.as_str(), panic.location.unwrap().line),
            ("it was this one", line)
        );
        let exited = copy(|| -> () { std::process::exit(9) }).unwrap().join();
        assert!(matches!(exited, Err(JoinError::Exited { code: 9 })), "{exited:?}");
        let child = copy(forever).unwrap();
        child.kill().unwrap();
        assert!(matches!(child.join(), Err(JoinError::Crashed { signal: 9, .. })));
        let failed = copy(|| Ok::<u8, Failure>("x".parse()?)).unwrap().join().unwrap();
        assert_eq!(failed.unwrap_err().to_string(), "invalid digit found in string");
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_copy_uses_the_handles_that_it_has_captured_and_keeps_them_alive() {
    let _alone = alone();
    let _watchdog = watch("handles");
    let family = || {
        let objects = ipc::usage().unwrap().objects;
        let (go, wait) = channel::<()>(1).unwrap();
        let (total, queue) = (Shared::new(Lock::new(1_u64)).unwrap(), Queue::bounded(2).unwrap());
        let child = copy(|| {
            wait.recv().unwrap();
            let another = total.clone();
            *another.lock().unwrap() += 1;
            let now = *total.lock().unwrap();
            queue.put(now).unwrap();
            // A handle of its own, for a child of its own.
            let add = |total: Shared<Lock<u64>>| *total.lock().unwrap() += 1;
            Process::spawn(add, total.clone()).unwrap().join().unwrap();
            *total.lock().unwrap()
        });
        drop(total);
        go.send(()).unwrap();
        assert_eq!(queue.get().unwrap(), 2);
        assert_eq!(child.unwrap().join().unwrap(), 3);
        drop((queue, go, wait));
        assert_eq!(ipc::usage().unwrap().objects, objects);
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_lock_that_a_killed_copy_held_goes_to_the_next() {
    let _alone = alone();
    let _watchdog = watch("a lock");
    let family = || {
        let lock = Shared::new(Lock::new(0_u8)).unwrap();
        let (held, holds) = channel::<()>(1).unwrap();
        let child = copy(|| {
            let _guard = lock.lock().unwrap();
            held.send(()).unwrap();
            forever();
        })
        .unwrap();
        holds.recv().unwrap();
        child.kill().unwrap();
        let cause = lock.lock().unwrap_err().cause();
        assert!(format!("{cause}").contains(&child.id().to_string()), "{cause}");
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_copy_knows_who_it_is_and_has_children_of_its_own() {
    let _alone = alone();
    let _watchdog = watch("a family");
    let family = || {
        let _sibling = Process::builder().daemon(true).spawn(forever, ()).unwrap();
        let me = current();
        let (id, name) = (me.id(), me.name().to_owned());
        let child = copy(|| {
            assert_eq!((parent().unwrap().id, parent().unwrap().name), (id, name));
            assert!(parent().unwrap().is_alive());
            assert_eq!(active_children(), []);
            let mine = Process::spawn(|| parent().unwrap().id, ()).unwrap();
            let names = (current().name().to_owned(), mine.name().to_owned());
            assert_eq!(mine.join().unwrap(), std::process::id());
            assert_eq!(Thread::spawn(|| 5, ()).unwrap().join().unwrap(), 5);
            let again = copy(|| copy(|| 6).unwrap().join().unwrap()).unwrap();
            assert_eq!(again.join().unwrap(), 6);
            (std::process::id(), names)
        })
        .unwrap();
        let expected = child.id();
        let (id, (name, childs)) = child.join().unwrap();
        assert_eq!(id, expected);
        assert!(name.ends_with(":2"), "{name}");
        assert_eq!(childs, format!("{name}:1"));
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_handle_that_is_dropped_in_a_copy_ends_no_child_of_its_parent() {
    let _alone = alone();
    let _watchdog = watch("a handle");
    let family = || {
        let daemon = Process::builder().daemon(true).spawn(forever, ()).unwrap();
        copy(|| {
            // SAFETY: read once, in the copy; the original is the parent's.
            drop(unsafe { std::ptr::read(&raw const daemon) });
        })
        .unwrap()
        .join()
        .unwrap();
        assert!(daemon.is_alive());
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_copy_of_a_daemon_dies_with_it() {
    let _alone = alone();
    let _watchdog = watch("an orphan");
    let family = |alive: Sender<u32>| {
        let _child = copy(|| {
            alive.send(std::process::id()).unwrap();
            forever();
        });
        forever();
    };
    let (sender, alive): (_, Receiver<u32>) = channel(1).unwrap();
    let daemon = Process::builder().daemon(true).spawn(family, sender).unwrap();
    let child = alive.recv().unwrap();
    assert!(exists(child));
    daemon.kill().unwrap();
    assert!(matches!(alive.recv(), Err(RecvError::Disconnected)));
}

#[test]
fn at_its_exit_a_copy_waits_for_its_children() {
    let _alone = alone();
    let _watchdog = watch("an exit");
    let family = || {
        let (sender, receiver) = channel::<u8>(1).unwrap();
        let child = copy(|| {
            let work = |sender: Sender<u8>| sender.send(4).unwrap();
            drop(Process::spawn(work, sender.clone()).unwrap());
        });
        child.unwrap().join().unwrap();
        assert_eq!(receiver.try_recv().unwrap(), 4);
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn copies_can_be_made_while_other_threads_start_processes() {
    let _alone = alone();
    let _watchdog = watch("threads");
    let family = || {
        thread::scope(|scope| {
            for n in 0..3_u32 {
                scope.spawn(move || {
                    for _ in 0..10 {
                        assert_eq!(Process::spawn(|n: u32| n, n).unwrap().join().unwrap(), n);
                    }
                });
            }
            for n in 0..30_u32 {
                assert_eq!(copy(|| n + 1).unwrap().join().unwrap(), n + 1);
            }
        });
    };
    Process::spawn(family, ()).unwrap().join().unwrap();
}

#[test]
fn a_copy_drops_handles_whatever_other_threads_were_dropping() {
    let _alone = alone();
    let _watchdog = watch("copies beside a thread that drops");
    let family = || {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let drops = || {
                while !over.load(Relaxed) {
                    drop(Shared::new(1u64).unwrap());
                }
            };
            scope.spawn(drops);
            for n in 0..200 {
                let child = copy(|| drop(Shared::new(n).unwrap()));
                child.unwrap().join().unwrap();
            }
            over.store(true, Relaxed);
        });
    };
    // A daemon: should it hang, its busy thread ends with the watchdog's process.
    Process::builder().daemon(true).spawn(family, ()).unwrap().join().unwrap();
}
