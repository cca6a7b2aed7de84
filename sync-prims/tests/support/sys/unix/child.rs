//! Children of a test, made by `fork` so that they share its memory, and its closures.
#![expect(unsafe_code, reason = "forks")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::die_with_parent;
use crate::support::arena::tell_of_a_death;

/// A child process. Dropped alive, it is killed and reaped.
pub struct Child {
    pid: libc::pid_t,
    status: Option<i32>,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Code(i32),
    Signal(i32),
}

/// Runs `f` in a child, which then exits with 0, or with 101 if `f` panics. It is killed if it
/// takes a minute, and with its parent.
pub fn child(f: impl FnOnce()) -> Child {
    tell_panics_of_children();
    // SAFETY: the child of a process with threads may call only what works after that: our
    // primitives do, and so does glibc's allocator.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork: {}", std::io::Error::last_os_error());
    if pid == 0 {
        die_with_parent();
        // SAFETY: a plain system call.
        unsafe { libc::alarm(60) };
        let panicked = catch_unwind(AssertUnwindSafe(f)).is_err();
        // SAFETY: ends the child, without the destructors of the parent's statics.
        unsafe { libc::_exit(if panicked { 101 } else { 0 }) };
    }
    std::thread::spawn(move || tell_of_the_end(pid));
    Child { pid, status: None }
}

/// Tells the survivors when a child is gone, as ipc's keeper does.
fn tell_of_the_end(pid: libc::pid_t) {
    let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: valid for writes. A child that is reaped by now is gone as well.
    unsafe {
        libc::waitid(
            libc::P_PID,
            pid.cast_unsigned(),
            info.as_mut_ptr(),
            libc::WEXITED | libc::WNOWAIT,
        );
    }
    tell_of_a_death();
}

/// A forked child must not print by way of std, whose locks another thread of the parent may have
/// held.
fn tell_panics_of_children() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let parent = std::process::id();
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::process::id() == parent {
                return usual(info);
            }
            let text = format!("a child: {info}\n");
            // SAFETY: valid for reads of its length.
            unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
        }));
    });
}

impl Child {
    pub fn pid(&self) -> u32 {
        self.pid.cast_unsigned()
    }

    /// Kills the child with SIGKILL and does not wait.
    pub fn kill(&self) {
        if self.status.is_none() {
            // SAFETY: a child that is not reaped, so the number is still its.
            unsafe { libc::kill(self.pid, libc::SIGKILL) };
        }
    }

    /// Whether it has ended; does not wait.
    pub fn has_ended(&mut self) -> bool {
        let mut status = 0;
        if self.status.is_none() {
            // SAFETY: valid for writes.
            let reaped = unsafe { libc::waitpid(self.pid, &raw mut status, libc::WNOHANG) };
            self.status = (reaped == self.pid).then_some(status);
        }
        self.status.is_some()
    }

    /// Waits for the end.
    pub fn wait(&mut self) -> Ended {
        if self.status.is_none() {
            let mut status = 0;
            // SAFETY: valid for writes.
            let reaped = unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
            assert_eq!(reaped, self.pid);
            self.status = Some(status);
        }
        let status = self.status.unwrap_or_default();
        if libc::WIFSIGNALED(status) {
            Ended::Signal(libc::WTERMSIG(status))
        } else {
            Ended::Code(libc::WEXITSTATUS(status))
        }
    }

    pub fn kill_and_wait(&mut self) {
        self.kill();
        assert_eq!(self.wait(), Ended::Signal(libc::SIGKILL));
    }

    /// Waits for a good end.
    pub fn finish(mut self) {
        assert_eq!(self.wait(), Ended::Code(0));
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.status.is_none() {
            self.kill();
            self.wait();
        }
    }
}

/// Dies on the spot.
pub fn die() -> ! {
    // SAFETY: plain system calls; SIGKILL cannot be survived.
    unsafe {
        libc::kill(libc::getpid(), libc::SIGKILL);
        libc::_exit(1)
    }
}
