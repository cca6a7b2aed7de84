//! Breakpoints of x86-64: an instruction of one byte that stops who comes to it.
#![expect(unsafe_code, reason = "ptrace and personality")]

use std::io;

const TRAP: i64 = 0xcc;

/// Has the children that the calling thread starts from now on lie at the same addresses each time. Where
/// that is not allowed they do not.
pub fn keep_addresses() {
    // SAFETY: changes how later programs of this thread's are loaded, and nothing else.
    unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE.cast_unsigned().into()) };
}

/// Where a stopped child of this thread's goes on.
pub fn program_counter(pid: libc::pid_t) -> Option<u64> {
    let at = std::mem::offset_of!(libc::user, regs.rip);
    // SAFETY: a stopped child of this thread's; the answer is a word of it.
    Some(unsafe { libc::ptrace(libc::PTRACE_PEEKUSER, pid, at, 0) }.cast_unsigned())
}

/// A breakpoint in one child.
#[derive(Debug)]
pub struct Breakpoint {
    pid: libc::pid_t,
    at: u64,
    word: i64,
}

impl Breakpoint {
    /// Sets it in a stopped child of this thread's.
    pub fn set(pid: libc::pid_t, at: u64) -> Self {
        // SAFETY: as above. An address that is none is an error, and then so is the next call.
        let word = unsafe { libc::ptrace(libc::PTRACE_PEEKTEXT, pid, at, 0) };
        let breakpoint = Self { pid, at, word };
        breakpoint.write(word & !0xff | TRAP);
        breakpoint
    }

    /// Removes it. A child that has just stopped at it is about to do what stood there.
    pub fn clear(self) {
        self.write(self.word);
        if program_counter(self.pid) == Some(self.at + 1) {
            let register = std::mem::offset_of!(libc::user, regs.rip);
            // SAFETY: as above; the instruction at that place is whole again.
            unsafe { libc::ptrace(libc::PTRACE_POKEUSER, self.pid, register, self.at) };
        }
    }

    fn write(&self, word: i64) {
        // SAFETY: a stopped child of this thread's, which has a copy of its own of what is changed.
        let result = unsafe { libc::ptrace(libc::PTRACE_POKETEXT, self.pid, self.at, word) };
        assert_eq!(result, 0, "a breakpoint: {}", io::Error::last_os_error());
    }
}
