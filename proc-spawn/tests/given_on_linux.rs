//! What a child is given that only Linux has: descriptors and signals.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "makes descriptors and signal masks that safe code does not")]

mod watchdog;

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::thread;

use ipc::{Receiver, channel};
use proc_spawn::{JoinError, Process};
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
