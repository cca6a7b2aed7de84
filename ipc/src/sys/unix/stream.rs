//! Connected stream sockets, Unix and TCP.
#![expect(unsafe_code, reason = "socket calls are foreign functions")]

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::ptr;
use std::time::Duration;

use sync_prims::Deadline;

use super::descriptor::Descriptor;
use super::socket_file::{self, SocketFile};
use crate::sys::socket::{self, SEND, Unnamed};

/// A connected stream, as one of its two ends has it.
pub(crate) type Socket = OwnedFd;

pub(in crate::sys) fn checked(result: isize) -> io::Result<usize> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as usize) }
}

/// Sends as much as there is room for now; none is `WouldBlock`.
pub(crate) fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: the kernel reads at most the length of the slice.
    checked(unsafe { libc::send(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), SEND) })
}

/// Receives what is there now; nothing is `WouldBlock`, zero bytes are the end.
pub(crate) fn recv(socket: &Socket, into: &mut [u8]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT;
    // SAFETY: the kernel writes at most the length of the slice.
    checked(unsafe { libc::recv(socket.as_raw_fd(), into.as_mut_ptr().cast(), into.len(), flags) })
}

/// Nothing more will be sent, or received, by any descriptor of the socket.
pub(crate) fn shutdown(socket: &Socket, how: Shutdown) {
    let how = match how {
        Shutdown::Read => libc::SHUT_RD,
        Shutdown::Write => libc::SHUT_WR,
        Shutdown::Both => libc::SHUT_RDWR,
    };
    // SAFETY: takes two integers and touches no memory of ours. Fails when the other end is gone.
    unsafe { libc::shutdown(socket.as_raw_fd(), how) };
}

/// Connects to the socket at `path`. Waits at most `timeout` while its backlog is full: `WouldBlock`, at once if
/// `timeout` is zero. Where the system does not wait for that, it is `ConnectionRefused`.
pub(crate) fn connect_at(path: &Path, timeout: Duration) -> io::Result<Socket> {
    let address = address(path)?;
    let stream = UnixStream::from(socket::open(libc::SOCK_STREAM)?);
    stream.set_nonblocking(timeout.is_zero())?;
    let deadline = Deadline::after(timeout);
    loop {
        if let Some(left) = deadline.remaining().filter(|left| !left.is_zero()) {
            // Bounds the connect, which then every signal ends that is handled.
            stream.set_write_timeout(Some(left))?;
        }
        match connect(stream.as_fd(), &address) {
            Ok(()) => return socket::prepare(stream.into()),
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) if deadline.passed() => return Err(io::ErrorKind::WouldBlock.into()),
            Err(_) => {}
        }
    }
}

/// Whether there is a socket at `path` that nobody has open any more, which is the kernel's to say. One that is
/// there, but of another type, refuses in another way, and whether its backlog is full does not matter.
pub(super) fn is_left_over(path: &Path) -> bool {
    let ask = || connect(socket::open(libc::SOCK_DGRAM)?.as_fd(), &address(path)?);
    ask().is_err_and(|error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// An error if that is no path for a socket.
pub(super) fn address(path: &Path) -> io::Result<libc::sockaddr_un> {
    let path = path.as_os_str().as_bytes();
    // SAFETY: an all-zero sockaddr_un is a valid one.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    // The last byte stays zero.
    let longest = address.sun_path.len() - 1;
    if path.is_empty() || path.contains(&0) || path.len() > longest {
        let why = format!("a socket's path has 1 to {longest} bytes, none of them zero");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    for (to, from) in address.sun_path.iter_mut().zip(path) {
        *to = *from as libc::c_char;
    }
    Ok(address)
}

fn connect(socket: BorrowedFd<'_>, address: &libc::sockaddr_un) -> io::Result<()> {
    // SAFETY: the kernel reads the address, of the size that is given.
    let connected = unsafe {
        let size = size_of::<libc::sockaddr_un>() as libc::socklen_t;
        libc::connect(socket.as_raw_fd(), ptr::from_ref(address).cast(), size)
    };
    checked(connected as isize).map(drop)
}

/// Listens for programs on this machine.
#[derive(Debug)]
pub(crate) enum Local {
    At {
        /// It goes before the socket is closed: who finds it can still connect.
        _file: SocketFile,
        socket: UnixListener,
    },
    Unnamed(Unnamed),
}

impl Local {
    /// Listens at a path.
    pub(crate) fn at(path: &Path) -> io::Result<Local> {
        let (socket, file) = socket_file::listen(path)?;
        socket.set_nonblocking(true)?;
        Ok(Local::At { _file: file, socket })
    }

    /// Listens under a new name that is in no file system and goes with the socket.
    pub(crate) fn unnamed() -> io::Result<(Local, Vec<u8>)> {
        let (listener, name) = socket::listen_unnamed()?;
        listener.set_nonblocking(true)?;
        Ok((Local::Unnamed(listener), name))
    }

    /// The next connection; none is `WouldBlock`.
    pub(crate) fn accept(&self) -> io::Result<Socket> {
        match self {
            Local::At { socket, .. } => {
                socket.accept().and_then(|(one, _)| socket::prepare(one.into()))
            }
            Local::Unnamed(listener) => socket::accept_unnamed(listener),
        }
    }

    pub(crate) fn descriptor(&self) -> Descriptor<'_> {
        match self {
            Local::At { socket, .. } => socket.as_fd(),
            Local::Unnamed(listener) => listener.as_fd(),
        }
    }
}

/// Connects to who listens under such a name.
pub(crate) fn connect_unnamed(name: &[u8]) -> io::Result<Socket> {
    socket::connect_unnamed(name)
}

/// Takes over a TCP connection. The kernel finds out when the host of its other end is gone: nothing else tells.
pub(crate) fn tcp(stream: TcpStream) -> io::Result<Socket> {
    let all = [
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1),
        (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, 5),
        (libc::IPPROTO_TCP, libc::TCP_KEEPCNT, 3),
        (libc::IPPROTO_TCP, libc::TCP_NODELAY, 1),
    ];
    for (level, name, value) in all.into_iter().chain(socket::TCP) {
        match set_option(stream.as_fd(), level, name, value) {
            // It has ended already: macOS refuses then. Who reads from it will see.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
            set => set?,
        }
    }
    socket::prepare(stream.into())
}

/// Sets an option that is a number.
pub(in crate::sys) fn set_option(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the kernel reads one integer, of the size that is given.
    let set = unsafe {
        let size = size_of::<libc::c_int>() as libc::socklen_t;
        libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), size)
    };
    checked(set as isize).map(drop)
}

/// Waits until nobody else has this lock on the file or directory. It ends when the descriptor is closed,
/// however that comes about.
pub(in crate::sys) fn lock_whole(file: BorrowedFd<'_>) -> io::Result<()> {
    loop {
        // SAFETY: takes two integers and touches no memory of ours.
        let locked = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX) };
        match checked(locked as isize) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done.map(drop),
        }
    }
}

/// Both ends of a stream of each kind, for tests.
#[cfg(test)]
pub(crate) fn pairs() -> io::Result<[(Socket, Socket); 1]> {
    let (one, other) = UnixStream::pair()?;
    Ok([(socket::prepare(one.into())?, socket::prepare(other.into())?)])
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;
    use std::{io, thread};

    use super::{Socket, connect_at, is_left_over};

    /// Connects until there is no room for more, and why there is none.
    fn fill(listener: &UnixListener, path: &Path) -> (Vec<Socket>, io::Error) {
        // SAFETY: takes two integers.
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
        let mut waiting = Vec::new();
        loop {
            match connect_at(path, Duration::ZERO) {
                Ok(socket) => waiting.push(socket),
                Err(error) => return (waiting, error),
            }
        }
    }

    #[test]
    fn a_signal_does_not_end_the_wait_for_a_busy_listener() {
        extern "C" fn nothing(_: libc::c_int) {}

        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).expect("a free path");
        let (_waiting, full) = fill(&listener, &path);
        // SAFETY: the handler does nothing, and the other thread signals this one only while it waits in here.
        let this = unsafe {
            let handler = nothing as extern "C" fn(libc::c_int);
            libc::signal(libc::SIGURG, handler as libc::sighandler_t);
            libc::pthread_self()
        };
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    // SAFETY: the thread is there until this one has ended.
                    unsafe { libc::pthread_kill(this, libc::SIGURG) };
                    thread::yield_now();
                }
            });
            let short = connect_at(&path, Duration::from_millis(20)).map(drop);
            over.store(true, Ordering::Relaxed);
            assert_eq!(short.map_err(|error| error.kind()), Err(full.kind()));
        });
    }

    #[test]
    fn only_a_socket_that_nobody_has_is_left_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("socket");
        assert!(!is_left_over(&path), "there is none");
        let listener = UnixListener::bind(&path).expect("a free path");
        assert!(!is_left_over(&path), "somebody listens");
        let (_waiting, full) = fill(&listener, &path);
        assert!(!is_left_over(&path), "somebody listens and has no room: {full}");
        drop(listener);
        assert!(is_left_over(&path), "nobody has it any more");
    }
}
