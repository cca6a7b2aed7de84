//! In the fork server, and in the child that stands by.
//!
//! A child that the system call makes has bypassed the C library, which keeps three things for the
//! thread that forks and would see to them: the thread's id in its own record, which the
//! kernel writes there if it is told the place; the list of robust locks, which the kernel has
//! forgotten in the child and is told again; and the handlers of `pthread_atfork`, which are
//! not called. The server has one thread, so no lock of the library is held by another one.
#![expect(unsafe_code, reason = "clone, prctl, dup2 and the robust list are foreign functions")]

use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering;
use std::{io, ptr};

use ipc::rendezvous::{self, SharedWord};

use super::super::interrupt;
use super::super::runtime::{leave, thread_count};
use super::code::Code;
use super::wire::{self, LONGEST, MAGIC, Request};

/// What a child says to its server.
const WANTED: u8 = 1;

const HANDOVER: i32 = rendezvous::Invitation::CHILD_END;

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

/// Makes children until the program is gone. Returns in each of them that is wanted, which has its hand-over then.
/// `prepare` is given what the program asked for before the first request.
pub(crate) fn serve(prepare: impl FnOnce(&[u8])) {
    match Server::open(prepare) {
        Ok(server) => server.run(),
        // The program sees that the line is closed.
        Err(_) => leave(1),
    }
}

/// What a fork returns in, each with its end of a line between the two.
enum Fork {
    Child(OwnedFd),
    Server(OwnedFd),
}

struct Server {
    line: BorrowedFd<'static>,
    /// Where the program finds the id of the child that stands by.
    spare_id: SharedWord,
    thread: Thread,
    /// Whose fault it is that there are others: a copy would lack them.
    threads: Option<i32>,
    code: Code,
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
        // What comes over the line would get the number of a stream that is not there.
        rendezvous::fill_streams()?;
        // A program that a child starts must not inherit it.
        // SAFETY: takes integers.
        unsafe { libc::fcntl(HANDOVER, libc::F_SETFD, libc::FD_CLOEXEC) };
        let mut bytes = [0; LONGEST];
        let (len, mut descriptors) = wire::receive(line, &mut bytes)?;
        let page = descriptors.pop().ok_or(io::ErrorKind::InvalidData)?;
        let spare_id = SharedWord::in_memory(page)?;
        spare_id.keep_from_forks()?;
        let early_threads = thread_count()? > 1;
        prepare(&bytes[MAGIC.len().min(len)..len]);
        let threads = match thread_count()? > 1 {
            true if early_threads => Some(wire::EARLY_THREADS),
            true => Some(wire::LOADED_THREADS),
            false => None,
        };
        Ok(Self { line, spare_id, thread: Thread::describe()?, threads, code: Code::find() })
    }

    /// Keeps one child ready. Returns in each that is wanted.
    fn run(self) {
        loop {
            // What stands against it may be past once a child is wanted.
            let fork = self.fork().or_else(|_| {
                if wire::wait_for_message(self.line).is_err() {
                    leave(0);
                }
                self.fork()
            });
            match fork {
                Ok(Fork::Child(server)) => {
                    // The page is not there to be unmapped.
                    return ManuallyDrop::new(self).stand_by(&server);
                }
                Ok(Fork::Server(spare)) => self.look_after(&spare),
                Err(error) => {
                    // Its descriptors may be what there is no room for.
                    let _ = self.receive();
                    self.answer(-error_number(&error));
                }
            }
        }
    }

    /// In a child: waits until it is wanted, and puts everything in its place.
    fn stand_by(&self, server: &OwnedFd) {
        self.code.put_in_place(|| !wire::has_message(self.line));
        let (request, descriptors) = loop {
            match self.receive() {
                // It was meant for those who were there, and perhaps the program dies of it: if not, it asks again.
                Ok((request, _)) if !request.has(Request::HOLD_INTERRUPT) && take_interrupt() => {
                    self.answer(-libc::EINTR);
                }
                Ok(received) => break received,
                Err(error) => self.answer(-error_number(&error)),
            }
        };
        // Not the C library's word, which an old one keeps from before the fork.
        // SAFETY: takes nothing.
        self.answer(unsafe { libc::syscall(libc::SYS_getpid) } as i32);
        // After the answer: when a child ends that has not answered, the server ends, and so the program learns of
        // it. The server may be dead.
        let _ = wire::send(server.as_fd(), &[WANTED], &[]);
        settle_in(request, descriptors);
    }

    /// The next request. What there is no room for is an error.
    fn receive(&self) -> io::Result<(Request, Vec<OwnedFd>)> {
        let mut request = [0];
        match wire::receive(self.line, &mut request) {
            Ok((1, descriptors)) => Ok((Request::from_byte(request[0]), descriptors)),
            Err(error) if error.raw_os_error() == Some(libc::EMFILE) => Err(error),
            // The program is gone.
            _ => leave(0),
        }
    }

    /// The id of the child, or what stands against it as a negative number.
    fn answer(&self, answer: i32) {
        if wire::send(self.line, &answer.to_ne_bytes(), &[]).is_err() {
            leave(0);
        }
    }

    /// In the server: waits until the child is wanted. When it ends before, for whatever reason, or because the program
    /// is gone, the server ends.
    fn look_after(&self, spare: &OwnedFd) {
        let is_wanted = matches!(wire::receive(spare.as_fd(), &mut [0]), Ok((1, _)));
        // One that was killed after its answer may not have come to say so. Relaxed: one word is all there is, and whom
        // the program kills it has taken before.
        if !is_wanted && self.spare_id.load(Ordering::Relaxed) != wire::TAKEN {
            leave(0);
        }
    }

    /// Makes a child.
    fn fork(&self) -> io::Result<Fork> {
        if let Some(problem) = self.threads {
            return Err(io::Error::from_raw_os_error(problem));
        }
        let (ours, theirs) = wire::line()?;
        // Touched now, so that the kernel finds the page in place. Relaxed: one word is all there is, and the program reads
        // it when this process has ended.
        self.spare_id.store(wire::TAKEN, Ordering::Relaxed);
        let flags = libc::CLONE_PARENT
            | libc::CLONE_PARENT_SETTID
            | libc::CLONE_CHILD_SETTID
            | libc::CLONE_CHILD_CLEARTID;
        let (parent_id, child_id) = (self.spare_id.as_ptr(), self.thread.id);
        let no_stack = ptr::null_mut::<libc::c_void>();
        // Not clone3, which the filters of containers refuse. The last of its arguments but one is the child's id on some
        // architectures and on others the last; the other one is for a flag that is not set.
        // SAFETY: without CLONE_VM and a stack the call is a fork: the child goes on here with a copy
        // of this memory, and there is no other thread whose locks could be held in it. The
        // kernel writes the child's id to our page and, in the child, to where it wrote this
        // thread's own when the C library named that place.
        let made = unsafe {
            libc::syscall(libc::SYS_clone, flags as usize, no_stack, parent_id, child_id, child_id)
        };
        match made {
            ..0 => Err(io::Error::last_os_error()),
            0 => {
                let Thread { robust_list, robust_list_size, .. } = self.thread;
                // SAFETY: the head is the C library's own, at the same address in the child.
                unsafe { libc::syscall(libc::SYS_set_robust_list, robust_list, robust_list_size) };
                Ok(Fork::Child(theirs))
            }
            1.. => Ok(Fork::Server(ours)),
        }
    }
}

/// Whether an interrupt came while this process stood by, which has it blocked. It is over with that.
fn take_interrupt() -> bool {
    let interrupt = interrupt::set();
    let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the set and the time are initialised and only read.
    unsafe { libc::sigtimedwait(&raw const interrupt, ptr::null_mut(), &raw const at_once) >= 0 }
}

fn error_number(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EINVAL)
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
