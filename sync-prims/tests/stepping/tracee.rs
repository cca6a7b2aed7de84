//! A child that is led through an operation instruction by instruction.
#![expect(unsafe_code, reason = "ptrace")]

use std::io;
use std::time::{Duration, Instant};

use super::asleep::is_asleep;
use super::sys::{self, Breakpoint};

/// Called by the child: has the thread that started it lead it through `operation`.
pub fn led<R>(operation: impl FnOnce() -> R) -> R {
    // SAFETY: plain system calls. The thread that started this process sees it stop here, and again
    // after the operation.
    unsafe {
        libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0);
        libc::raise(libc::SIGSTOP);
    }
    let result = operation();
    // SAFETY: as above.
    unsafe { libc::raise(libc::SIGSTOP) };
    result
}

/// A child of the calling thread that is [`led`].
pub struct Tracee {
    pid: libc::pid_t,
    /// It has been told to go on and has not stopped since.
    goes: bool,
    breakpoint: Option<Breakpoint>,
    /// How often it has come by the place that it is on its way to.
    passed: usize,
}

/// What it came to.
pub enum Progress {
    /// It is one instruction further, or where it was to go.
    Stepped,
    /// It sleeps in a system call.
    Asleep,
    /// It is through with the operation.
    Done,
    /// It has ended.
    Ended,
}

/// How far it goes by itself.
#[derive(Clone, Copy, Debug)]
enum Pace {
    /// One instruction.
    Step,
    /// To a breakpoint, or its end.
    Run,
}

/// The time between two instructions: where the second one is, and how often it was passed before.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub at: u64,
    pub before: usize,
}

impl Tracee {
    /// Waits until the child `pid` is about to begin with its operation.
    pub fn stopped(pid: u32) -> Self {
        let pid = pid.cast_signed();
        let tracee = Self { pid, goes: false, breakpoint: None, passed: 0 };
        let signal = tracee.stop(0);
        assert_eq!(signal, Some(libc::SIGSTOP), "the child has ended before it began");
        tracee
    }

    pub fn pid(&self) -> u32 {
        self.pid.cast_unsigned()
    }

    /// Where it goes on, if that can be told.
    pub fn program_counter(&self) -> Option<u64> {
        sys::program_counter(self.pid)
    }

    /// Leads it one instruction further.
    pub fn step(&mut self) -> Progress {
        if !self.goes {
            self.go(Pace::Step);
        }
        self.until_stopped()
    }

    /// Lets it go on until that moment, which may never come.
    pub fn go_to(&mut self, moment: Moment) -> Progress {
        loop {
            if !self.goes {
                if self.program_counter() != Some(moment.at) {
                    self.breakpoint = Some(Breakpoint::set(self.pid, moment.at));
                    self.go(Pace::Run);
                } else if self.passed == moment.before {
                    return Progress::Stepped;
                } else {
                    self.passed += 1;
                    self.go(Pace::Step);
                }
            }
            let progress = self.until_stopped();
            if !matches!(progress, Progress::Stepped) {
                return progress;
            }
        }
    }

    fn go(&mut self, pace: Pace) {
        let request = match pace {
            Pace::Step => libc::PTRACE_SINGLESTEP,
            Pace::Run => libc::PTRACE_CONT,
        };
        // SAFETY: a stopped child of this thread's.
        let result = unsafe { libc::ptrace(request, self.pid, 0, 0) };
        assert_eq!(result, 0, "it does not go on: {}", io::Error::last_os_error());
        self.goes = true;
    }

    fn until_stopped(&mut self) -> Progress {
        let mut rounds = 0u32;
        loop {
            if let Some(signal) = self.stop(libc::WNOHANG) {
                self.goes = false;
                self.breakpoint.take().into_iter().for_each(Breakpoint::clear);
                return if signal == libc::SIGSTOP { Progress::Done } else { Progress::Stepped };
            }
            rounds += 1;
            if rounds > 200 {
                if is_asleep(self.pid) {
                    return Progress::Asleep;
                }
                if self.has_ended() {
                    return Progress::Ended;
                }
            }
            std::thread::yield_now();
        }
    }

    /// Whether it goes on after having been found asleep.
    pub fn wakes_up(&self) -> bool {
        let start = Instant::now();
        while is_asleep(self.pid) {
            if start.elapsed() > Duration::from_secs(10) {
                return false;
            }
            std::thread::yield_now();
        }
        true
    }

    /// The signal that it has stopped for.
    fn stop(&self, flags: i32) -> Option<i32> {
        // SAFETY: all-zero bytes are valid, and mean that nothing has happened.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let pid = self.pid.cast_unsigned();
        // SAFETY: valid for writes. It asks for stops only: the end is its owner's to see.
        unsafe { libc::waitid(libc::P_PID, pid, &raw mut info, libc::WSTOPPED | flags) };
        // SAFETY: waitid has filled this in, or left it zero.
        (unsafe { info.si_pid() } != 0).then(|| unsafe { info.si_status() })
    }

    fn has_ended(&self) -> bool {
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        // SAFETY: as in `stop`.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: valid for writes.
        let result =
            unsafe { libc::waitid(libc::P_PID, self.pid.cast_unsigned(), &raw mut info, flags) };
        // A stop of a traced child is told whether it is asked for or not.
        result != 0
            || [libc::CLD_EXITED, libc::CLD_KILLED, libc::CLD_DUMPED].contains(&info.si_code)
    }
}
