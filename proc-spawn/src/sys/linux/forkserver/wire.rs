//! Lines, and what goes over the control line: short messages with descriptors.
#![expect(unsafe_code, reason = "socketpair and the calls for sockets are foreign functions")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Begins the first message, so that a descriptor that happens to be there is not taken for ours.
pub(super) const MAGIC: [u8; 16] = *b"\x7ftandem-template";

/// The first message: the magic and what is to be loaded.
pub(super) const LONGEST: usize = 256;

/// Stands for the id of a spare when the program has taken that, or there is none.
pub(super) const TAKEN: u32 = 0;

/// Answers of a server that has other threads: there were some when it came to its guard, or what it was told to load has
/// started them. The system gives none of these for a fork.
pub(super) const EARLY_THREADS: i32 = libc::EBUSY;
pub(super) const LOADED_THREADS: i32 = libc::EDEADLK;

/// The hand-over, the directory, the three streams.
pub(super) const MOST_DESCRIPTORS: usize = 5;

/// A request: which descriptors come with it, beside the hand-over, which is the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Request(u8);

impl Request {
    /// The child keeps the interrupt blocked that it is born with.
    pub(super) const HOLD_INTERRUPT: u8 = 1;
    /// The directory comes along.
    pub(super) const DIRECTORY: u8 = 1 << 1;

    /// The stream of this number comes along; otherwise the child has none.
    pub(super) fn stream(number: usize) -> u8 {
        1 << (2 + number)
    }

    pub(super) fn set(&mut self, flag: u8) {
        self.0 |= flag;
    }

    pub(super) fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }

    pub(super) fn to_byte(self) -> u8 {
        self.0
    }

    pub(super) fn from_byte(byte: u8) -> Self {
        Self(byte)
    }
}

/// The two ends of a line, both close-on-exec.
pub(super) fn line() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: the kernel writes two integers into the array.
    if unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us both descriptors and nobody else knows them.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

/// Room for the descriptors in a control message, aligned as the kernel wants it.
#[repr(C, align(8))]
struct Control([u8; 64]);

/// The bytes that so many descriptors take.
const fn size(descriptors: usize) -> u32 {
    (descriptors * size_of::<i32>()) as u32
}

/// Sends one message.
pub(super) fn send(
    line: BorrowedFd<'_>,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    assert!(descriptors.len() <= MOST_DESCRIPTORS);
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut control = Control([0; 64]);
    // SAFETY: an all-zero msghdr is an empty one.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    if !descriptors.is_empty() {
        message.msg_control = control.0.as_mut_ptr().cast();
        // SAFETY: the buffer holds CMSG_SPACE of five integers (40 bytes) and is aligned for a
        // cmsghdr, so the first header exists and its data has room for the descriptors.
        unsafe {
            message.msg_controllen = libc::CMSG_SPACE(size(descriptors.len())) as _;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size(descriptors.len())) as _;
            let data = libc::CMSG_DATA(header).cast::<i32>();
            for (index, descriptor) in descriptors.iter().enumerate() {
                data.add(index).write_unaligned(descriptor.as_raw_fd());
            }
        }
    }
    retry(|| {
        // SAFETY: every pointer in the message refers to a local that outlives the call.
        unsafe { libc::sendmsg(line.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) }
    })
    .map(drop)
}

/// Waits for one message. None that has no bytes is ever sent: that is the end of the line. One whose
/// descriptors this process has no room for is EMFILE.
pub(super) fn receive(line: BorrowedFd<'_>, into: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut part = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let mut control = Control([0; 64]);
    // SAFETY: an all-zero msghdr is an empty one.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    // SAFETY: only computes.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(size(MOST_DESCRIPTORS)) } as _;
    let got = retry(|| {
        // SAFETY: every pointer in the message refers to a local or to `into`, with its own length.
        unsafe { libc::recvmsg(line.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) }
    })?;
    let mut descriptors = Vec::new();
    // SAFETY: the kernel filled the control buffer and set its length, which CMSG_FIRSTHDR checks. A
    // SCM_RIGHTS message carries as many descriptors as fit into its length, all ours alone.
    unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        if !header.is_null()
            && (*header).cmsg_level == libc::SOL_SOCKET
            && (*header).cmsg_type == libc::SCM_RIGHTS
        {
            let bytes = (*header).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
            let data = libc::CMSG_DATA(header).cast::<i32>();
            for index in 0..bytes / size_of::<i32>() {
                descriptors.push(OwnedFd::from_raw_fd(data.add(index).read_unaligned()));
            }
        }
    }
    if message.msg_flags & libc::MSG_CTRUNC != 0 {
        return Err(io::Error::from_raw_os_error(libc::EMFILE));
    }
    Ok((got, descriptors))
}

/// Ends the line for both sides, as if ours were closed.
pub(super) fn hang_up(line: BorrowedFd<'_>) {
    // SAFETY: takes integers.
    unsafe { libc::shutdown(line.as_raw_fd(), libc::SHUT_RDWR) };
}

/// Waits until there is a message, and leaves it there.
pub(super) fn wait_for_message(line: BorrowedFd<'_>) -> io::Result<()> {
    let mut byte = 0_u8;
    let got = retry(|| {
        // SAFETY: the kernel writes at most one byte.
        unsafe { libc::recv(line.as_raw_fd(), (&raw mut byte).cast(), 1, libc::MSG_PEEK) }
    })?;
    if got == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// Whether there is a message, or the other end is gone.
pub(super) fn has_message(line: BorrowedFd<'_>) -> bool {
    let mut byte = 0_u8;
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    // SAFETY: the kernel writes at most one byte.
    unsafe { libc::recv(line.as_raw_fd(), (&raw mut byte).cast(), 1, flags) >= 0 }
}

/// Whether the first message is still there to be received. Has no side effect.
pub(super) fn is_first_message_ours(line: BorrowedFd<'_>) -> bool {
    let mut magic = [0; MAGIC.len()];
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    // SAFETY: the kernel writes at most as many bytes as the array has.
    let got =
        unsafe { libc::recv(line.as_raw_fd(), magic.as_mut_ptr().cast(), magic.len(), flags) };
    got == magic.len() as isize && magic == MAGIC
}

/// Again while signals interrupt.
fn retry(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    loop {
        if let Ok(done) = usize::try_from(call()) {
            return Ok(done);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
