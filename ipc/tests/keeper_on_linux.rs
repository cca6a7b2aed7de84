//! Who watches whom, where it takes a fork, a stopped process or a descriptor of Linux to see it.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "signals, pidfds and a plain fork are foreign functions")]

mod watchdog;

use std::env;
use std::fs::{self, File};
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ipc::rendezvous::Invitation;
use ipc::{Queue, RecvError, Sender, channel};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

fn signal(id: u32, signal: i32) {
    // SAFETY: takes integers.
    assert_eq!(unsafe { libc::kill(id as libc::pid_t, signal) }, 0);
}

/// A process that need not be a child, to wait for.
fn pidfd(id: u32) -> OwnedFd {
    // SAFETY: takes integers; the descriptor is new and nobody else's.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, id, 0);
        assert!(fd >= 0);
        OwnedFd::from_raw_fd(fd as i32)
    }
}

fn wait_until_stopped(child: u32) {
    // SAFETY: an all-zero record is one, and the kernel writes to it. The child is not reaped by this.
    unsafe {
        let mut told: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WSTOPPED | libc::WNOWAIT;
        assert_eq!(libc::waitid(libc::P_PID, child, &raw mut told, flags), 0);
    }
}

fn stay() -> ! {
    loop {
        thread::park();
    }
}

#[test]
fn the_children_of_one_that_is_found_gone_are_watched_as_well() {
    let _watchdog = watch("orphans of an orphan");
    type Tell = Sender<u32>;
    fn first(tell: Tell, middles: Sender<()>, lasts: Sender<()>) {
        tell.send(std::process::id()).unwrap();
        let _child = Process::spawn(middle, (tell, middles, lasts)).unwrap();
        stay();
    }
    fn middle(tell: Tell, _mine: Sender<()>, lasts: Sender<()>) {
        tell.send(std::process::id()).unwrap();
        let _child = Process::spawn(last, (tell, lasts)).unwrap();
        stay();
    }
    fn last(tell: Tell, _mine: Sender<()>) {
        tell.send(std::process::id()).unwrap();
        stay();
    }
    let (tell, told) = channel(3).unwrap();
    let (middles, of_middle) = channel(1).unwrap();
    let (lasts, of_last) = channel(1).unwrap();
    let child = Process::spawn(first, (tell, middles, lasts)).unwrap();
    let [first, middle, last] = [(); 3].map(|()| told.recv().unwrap());
    // Its parent cannot see to its end, nor hand its child on.
    signal(first, libc::SIGSTOP);
    wait_until_stopped(first);
    let end = pidfd(middle);
    signal(middle, libc::SIGKILL);
    ipc::wait(&[&end], None).unwrap();
    child.kill().unwrap();
    child.join().unwrap_err();
    assert!(matches!(of_middle.recv(), Err(RecvError::Disconnected)));
    signal(last, libc::SIGKILL);
    assert!(matches!(of_last.recv(), Err(RecvError::Disconnected)));
}

#[test]
fn the_child_of_a_plain_fork_watches_nobody() {
    let _watchdog = watch("a fork that waits");
    fn threads_of_a_fork(queue: Queue<u8>) -> i32 {
        // SAFETY: this process has one thread, so its fork may do what it may.
        let fork = unsafe { libc::fork() };
        if fork == 0 {
            assert!(!queue.join_timeout(Duration::from_millis(1)));
            let threads = fs::read_dir("/proc/self/task").unwrap().count();
            // SAFETY: ends the process.
            unsafe { libc::_exit(threads as i32) };
        }
        let mut status = 0;
        // SAFETY: writes to a local.
        assert_eq!(unsafe { libc::waitpid(fork, &raw mut status, 0) }, fork);
        libc::WEXITSTATUS(status)
    }
    let queue = Queue::bounded(1).unwrap();
    queue.put(7).unwrap();
    let child = Process::spawn(threads_of_a_fork, queue.clone()).unwrap();
    assert_eq!(child.join().unwrap(), 1);
}

#[test]
fn what_is_let_go_of_because_it_cannot_be_watched_may_start_another() {
    let _watchdog = watch("a start within a drop");
    fn start_unwatchable(kept: Option<Starts>) -> bool {
        let invitation = Invitation::new("nobody", false).unwrap();
        // A file that the system will not wait for, as if it had no room for one more.
        let file = File::open(env::current_exe().unwrap()).unwrap();
        invitation.started(OwnedFd::from(file), Box::new(move || drop(kept))).is_ok()
    }
    struct Starts(mpsc::Sender<bool>);
    impl Drop for Starts {
        fn drop(&mut self) {
            self.0.send(start_unwatchable(None)).unwrap();
        }
    }
    let (tell, told) = mpsc::channel();
    assert!(!start_unwatchable(Some(Starts(tell))));
    assert!(!told.recv().unwrap());
}
