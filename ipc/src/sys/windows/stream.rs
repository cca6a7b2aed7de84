//! Connected stream sockets. None of them blocks.
#![expect(unsafe_code, reason = "socket calls are foreign functions")]

use std::ffi::c_void;
use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::windows::io::{AsRawSocket, AsSocket, OwnedSocket};
use std::path::Path;
use std::time::Duration;

use windows_sys::Win32::Networking::WinSock::{
    IPPROTO_TCP, SD_BOTH, SD_RECEIVE, SD_SEND, SIO_KEEPALIVE_VALS, SOCKET, TCP_KEEPCNT, TCP_MAXRT,
    WSAIoctl, recv as recv_from, send as send_to, setsockopt, shutdown as shut_down, tcp_keepalive,
};

use super::descriptor::{AsDescriptor, Descriptor};
use super::named_pipe::{self, Door, PipeStream};

/// A connected stream, as one of its two ends has it.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(OwnedSocket),
    Pipe(PipeStream),
}

impl AsDescriptor for Socket {
    fn descriptor(&self) -> Descriptor<'_> {
        match self {
            Socket::Tcp(socket) => Descriptor::Socket(socket.as_socket()),
            Socket::Pipe(stream) => stream.descriptor(),
        }
    }
}

fn raw(socket: &impl AsRawSocket) -> SOCKET {
    socket.as_raw_socket() as SOCKET
}

fn checked(result: i32) -> io::Result<usize> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as usize) }
}

fn length(bytes: &[u8]) -> i32 {
    bytes.len().min(i32::MAX as usize) as i32
}

/// Sends as much as there is room for now; none is `WouldBlock`.
pub(crate) fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    let socket = match socket {
        Socket::Tcp(socket) => socket,
        Socket::Pipe(stream) => return stream.send(bytes),
    };
    // SAFETY: the system reads at most the length of the slice.
    checked(unsafe { send_to(raw(socket), bytes.as_ptr(), length(bytes), 0) })
}

/// Receives what is there now; nothing is `WouldBlock`, zero bytes are the end.
pub(crate) fn recv(socket: &Socket, into: &mut [u8]) -> io::Result<usize> {
    let socket = match socket {
        Socket::Tcp(socket) => socket,
        Socket::Pipe(stream) => return stream.recv(into),
    };
    // SAFETY: the system writes at most the length of the slice.
    checked(unsafe { recv_from(raw(socket), into.as_mut_ptr(), length(into), 0) })
}

/// Nothing more will be sent, or received, by any handle of the socket.
pub(crate) fn shutdown(socket: &Socket, how: Shutdown) {
    let socket = match socket {
        Socket::Tcp(socket) => socket,
        Socket::Pipe(stream) => return stream.shutdown(how),
    };
    let how = match how {
        Shutdown::Read => SD_RECEIVE,
        Shutdown::Write => SD_SEND,
        Shutdown::Both => SD_BOTH,
    };
    // SAFETY: takes numbers. Fails when the other end is gone.
    unsafe { shut_down(raw(socket), how) };
}

/// Connects to who listens at the path, which must be a process of the same user, within `timeout`.
pub(crate) fn connect_at(path: &Path, timeout: Duration) -> io::Result<Socket> {
    named_pipe::connect(path, timeout).map(Socket::Pipe)
}

/// Listens for programs on this machine.
#[derive(Debug)]
pub(crate) enum Local {
    At(Door),
    Unnamed(TcpListener),
}

impl Local {
    /// Listens at a path, where only processes of the same user can come.
    pub(crate) fn at(path: &Path) -> io::Result<Local> {
        Door::new(path).map(Local::At)
    }

    /// Listens at a port that goes with the socket. Others can find it; who may come is for the handshake to tell.
    pub(crate) fn unnamed() -> io::Result<(Local, Vec<u8>)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok((Local::Unnamed(listener), port.to_le_bytes().to_vec()))
    }

    /// The next connection; none is `WouldBlock`.
    pub(crate) fn accept(&self) -> io::Result<Socket> {
        match self {
            Local::At(door) => door.accept().map(Socket::Pipe),
            Local::Unnamed(listener) => listener.accept().and_then(|(stream, _)| tcp(stream)),
        }
    }

    pub(crate) fn descriptor(&self) -> Descriptor<'_> {
        match self {
            Local::At(door) => door.descriptor(),
            Local::Unnamed(listener) => listener.descriptor(),
        }
    }
}

/// Connects to who listens under such a name.
pub(crate) fn connect_unnamed(name: &[u8]) -> io::Result<Socket> {
    let port = name.try_into().map(u16::from_le_bytes).map_err(io::Error::other)?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).and_then(tcp)
}

/// Takes over a TCP connection. The system finds out when the host of its other end is gone: nothing else tells.
pub(crate) fn tcp(stream: TcpStream) -> io::Result<Socket> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    let often = tcp_keepalive { onoff: 1, keepalivetime: 15_000, keepaliveinterval: 5_000 };
    let mut written = 0;
    // SAFETY: the system reads a structure of the size that it is told, and writes to a local.
    let done = unsafe {
        let (input, len) = ((&raw const often).cast(), size_of::<tcp_keepalive>() as u32);
        let (no_output, no_routine) = (std::ptr::null_mut::<c_void>(), None);
        let (now, socket) = (std::ptr::null_mut(), raw(&stream));
        let request = SIO_KEEPALIVE_VALS;
        WSAIoctl(socket, request, input, len, no_output, 0, &raw mut written, now, no_routine)
    };
    checked(done)?;
    // A system that is too old for these takes a little longer.
    for (name, value) in [(TCP_KEEPCNT, 3i32), (TCP_MAXRT, 30)] {
        // SAFETY: the system reads one number, of the size that it is told.
        unsafe {
            let value = (&raw const value).cast();
            setsockopt(raw(&stream), IPPROTO_TCP, name, value, size_of::<i32>() as i32)
        };
    }
    Ok(Socket::Tcp(stream.into()))
}

/// Both ends of a stream of each kind, for tests.
#[cfg(test)]
pub(crate) fn pairs() -> io::Result<[(Socket, Socket); 3]> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let one = TcpStream::connect(listener.local_addr()?)?;
    let (other, _) = listener.accept()?;
    let (client, server) = PipeStream::pair()?;
    let (second_client, second_server) = PipeStream::pair()?;
    Ok([
        (tcp(one)?, tcp(other)?),
        (Socket::Pipe(client), Socket::Pipe(server)),
        (Socket::Pipe(second_server), Socket::Pipe(second_client)),
    ])
}
