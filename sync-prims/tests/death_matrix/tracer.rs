//! A child that is led through an operation instruction by instruction.
#![expect(unsafe_code, reason = "ptrace")]
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::support::arena::tell_of_a_death;
use crate::support::sys::child::die;

/// A traced child, stopped before its operation.
pub struct Victim {
    pid: libc::pid_t,
    done: &'static AtomicU32,
    alive: bool,
    /// A step has been ordered and has not come to its end.
    in_step: bool,
}

/// What a step came to.
pub enum Progress {
    Stepped,
    /// It sleeps in a system call.
    Asleep,
    /// It is through with the operation.
    Done,
}

impl Victim {
    /// A child that runs `operation` and then sets `done`.
    pub fn start(operation: &dyn Fn(), done: &'static AtomicU32) -> Self {
        // SAFETY: the child runs the crate's own code only.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0);
        if pid == 0 {
            // SAFETY: plain system calls.
            unsafe {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0);
                libc::raise(libc::SIGSTOP);
            }
            operation();
            done.store(1, Ordering::SeqCst);
            die();
        }
        let victim = Self { pid, done, alive: true, in_step: false };
        let mut status = 0;
        // SAFETY: valid for writes.
        assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
        assert!(libc::WIFSTOPPED(status));
        victim
    }

    pub fn pid(&self) -> u32 {
        self.pid.cast_unsigned()
    }

    /// Leads it one instruction further.
    pub fn step(&mut self) -> Progress {
        if !self.in_step {
            // SAFETY: a stopped child of this thread's.
            let result = unsafe { libc::ptrace(libc::PTRACE_SINGLESTEP, self.pid, 0, 0) };
            assert_eq!(result, 0, "single step: {}", std::io::Error::last_os_error());
            self.in_step = true;
        }
        for round in 0u32.. {
            let mut status = 0;
            // SAFETY: valid for writes.
            let changed = unsafe { libc::waitpid(self.pid, &raw mut status, libc::WNOHANG) };
            if changed == self.pid {
                self.in_step = false;
                if !libc::WIFSTOPPED(status) {
                    self.alive = false;
                    return Progress::Done;
                }
                break;
            }
            if round > 200 && self.sleeps() {
                return Progress::Asleep;
            }
            std::thread::yield_now();
        }
        if self.done.load(Ordering::SeqCst) == 1 { Progress::Done } else { Progress::Stepped }
    }

    /// Whether it goes on after having been found asleep.
    pub fn wakes_up(&self) -> bool {
        let start = Instant::now();
        while self.sleeps() {
            if start.elapsed() > Duration::from_secs(10) {
                return false;
            }
            std::thread::yield_now();
        }
        true
    }

    fn sleeps(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'))
    }

    /// Kills it, and returns when the kernel has cleaned up after it.
    pub fn kill(&mut self) {
        if self.alive {
            let mut status = 0;
            // SAFETY: a child that has not been reaped.
            unsafe {
                libc::kill(self.pid, libc::SIGKILL);
                libc::waitpid(self.pid, &raw mut status, 0);
            }
            self.alive = false;
            tell_of_a_death();
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}
