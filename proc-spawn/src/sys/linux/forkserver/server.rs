//! In the fork server.
//!
//! A child that the system call makes has bypassed the C library, which keeps three things for the
//! thread that forks and would see to them: the thread's id in its own record, which the
//! kernel writes there if it is told the place; the list of robust locks, which the kernel has
//! forgotten in the child and is told again; and the handlers of `pthread_atfork`, which are
//! not called. The server has one thread, so no lock of the library is held by another one.
#![expect(unsafe_code, reason = "clone3, prctl, dup2 and the robust list are foreign functions")]

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering;
use std::{io, ptr};

use ipc::rendezvous::SharedWord;

use super::super::interrupt;
use super::super::runtime::{leave, thread_count};
use super::wire::{self, LONGEST, MAGIC, Request};

const HANDOVER: i32 = ipc::rendezvous::Invitation::CHILD_END;

/// Where a server finds its end of the line, which is where its children find their hand-over.
fn inherited() -> Option<BorrowedFd<'static>> {
    // SAFETY: F_GETFD touches no memory; for a number that is no descriptor it fails.
    let open = unsafe { libc::fcntl(HANDOVER, libc::F_GETFD) } >= 0;
    // SAFETY: it is open now. Whoever looks at it finds that it is not ours if others own it.
    open.then(|| unsafe { BorrowedFd::borrow_raw(HANDOVER) })
}

/// Whether this process was started to be a fork server. Has no side effect.
pub(crate) fn is_fork_server() -> bool {
    inherited().is_some_and(wire::is_first_message_ours)
}

/// Makes children until the program is gone. Returns in each of them, which has its hand-over then.
/// `prepare` is given what the program asked for before the first request.
pub(crate) fn serve(prepare: impl FnOnce(&[u8])) {
    match Server::open(prepare) {
        Ok(server) => server.run(),
        // The program sees that the line is closed.
        Err(_) => leave(1),
    }
}

struct Server {
    line: BorrowedFd<'static>,
    /// Where the program finds the id of the latest child.
    child_id: SharedWord,
    thread: Thread,
    /// What was loaded must not have started any: a copy would lack them.
    threads: usize,
}

/// What the C library told the kernel of this thread.
struct Thread {
    id: u64,
    robust_list: *mut libc::c_void,
    robust_list_size: usize,
}

impl Server {
    fn open(prepare: impl FnOnce(&[u8])) -> io::Result<Self> {
        let line = inherited().ok_or(io::ErrorKind::NotFound)?;
        // A program that a child starts must not inherit it.
        // SAFETY: takes integers.
        unsafe { libc::fcntl(HANDOVER, libc::F_SETFD, libc::FD_CLOEXEC) };
        let mut bytes = [0; LONGEST];
        let (len, mut descriptors) = wire::receive(line, &mut bytes)?;
        let page = descriptors.pop().ok_or(io::ErrorKind::InvalidData)?;
        let child_id = SharedWord::in_memory(page)?;
        child_id.keep_from_forks()?;
        prepare(&bytes[MAGIC.len().min(len)..len]);
        Ok(Self { line, child_id, thread: Thread::describe()?, threads: thread_count()? })
    }

    fn run(self) {
        loop {
            let mut request = [0];
            let made = match wire::receive(self.line, &mut request) {
                Ok((1, descriptors)) => self.make_child().map(|is_child| (is_child, descriptors)),
                Err(error) if error.raw_os_error() == Some(libc::EMFILE) => Err(error),
                _ => leave(0),
            };
            let answer = match made {
                Ok((true, descriptors)) => {
                    // The page is not there to be unmapped.
                    std::mem::forget(self);
                    return settle_in(Request::from_byte(request[0]), descriptors);
                }
                Ok((false, _)) => 0,
                Err(error) => error.raw_os_error().unwrap_or(libc::EINVAL),
            };
            if wire::send(self.line, &answer.to_ne_bytes(), &[]).is_err() {
                leave(0);
            }
        }
    }

    /// Whether this is the child.
    fn make_child(&self) -> io::Result<bool> {
        if self.threads > 1 {
            return Err(io::Error::from_raw_os_error(libc::EDEADLK));
        }
        // Touched now, so that the kernel finds the page in place. Relaxed: the line orders it.
        self.child_id.store(0, Ordering::Relaxed);
        let flags = libc::CLONE_PARENT
            | libc::CLONE_PARENT_SETTID
            | libc::CLONE_CHILD_SETTID
            | libc::CLONE_CHILD_CLEARTID;
        // SAFETY: an all-zero clone_args is a value of it.
        let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
        args.flags = flags as u64;
        args.parent_tid = self.child_id.as_ptr().addr() as u64;
        args.child_tid = self.thread.id;
        // SAFETY: without CLONE_VM and a stack the call is a fork: the child goes on here with a copy
        // of this memory, and there is no other thread whose locks could be held in it. The
        // kernel writes the child's id to our page and, in the child, to where it wrote this
        // thread's own when the C library named that place.
        let made = unsafe {
            libc::syscall(libc::SYS_clone3, &raw mut args, size_of::<libc::clone_args>())
        };
        match made {
            ..0 => Err(io::Error::last_os_error()),
            0 => {
                let Thread { robust_list, robust_list_size, .. } = self.thread;
                // SAFETY: the head is the C library's own, at the same address in the child.
                unsafe { libc::syscall(libc::SYS_set_robust_list, robust_list, robust_list_size) };
                Ok(true)
            }
            1.. => Ok(false),
        }
    }
}

impl Thread {
    fn describe() -> io::Result<Self> {
        let mut id = MaybeUninit::<u64>::zeroed();
        let mut robust_list = ptr::null_mut();
        let mut robust_list_size = 0_usize;
        // SAFETY: the kernel writes one address, then an address and a size.
        unsafe {
            if libc::prctl(libc::PR_GET_TID_ADDRESS, id.as_mut_ptr()) < 0 {
                return Err(io::Error::last_os_error());
            }
            let (list, size) = (&raw mut robust_list, &raw mut robust_list_size);
            if libc::syscall(libc::SYS_get_robust_list, 0, list, size) < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Self { id: id.assume_init(), robust_list, robust_list_size })
        }
    }
}

/// Puts the descriptors of a new child in their places.
fn settle_in(request: Request, descriptors: Vec<OwnedFd>) {
    if !request.has(Request::HOLD_INTERRUPT) {
        interrupt::release();
    }
    let mut descriptors = descriptors.into_iter();
    let Some(handover) = descriptors.next() else { leave(1) };
    // It takes the place of the line. Everything that came is above it, for the line has this number.
    put(&handover, HANDOVER);
    if request.has(Request::DIRECTORY)
        && let Some(directory) = descriptors.next()
    {
        // SAFETY: takes an integer.
        if unsafe { libc::fchdir(directory.as_raw_fd()) } < 0 {
            leave(1);
        }
    }
    for number in 0..3 {
        let given = request.has(Request::stream(number));
        match given.then(|| descriptors.next()).flatten() {
            Some(stream) => put(&stream, number as i32),
            // SAFETY: takes an integer; the program has no such stream either.
            None => _ = unsafe { libc::close(number as i32) },
        }
    }
}

fn put(descriptor: &OwnedFd, number: i32) {
    // SAFETY: takes integers. What had the number is this process's own.
    if unsafe { libc::dup2(descriptor.as_raw_fd(), number) } < 0 {
        leave(1);
    }
}
