//! Connected stream sockets. None of them blocks.
#![expect(unsafe_code, reason = "socket calls are foreign functions")]

use std::ffi::c_void;
use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::windows::io::{AsRawSocket, OwnedSocket};
use std::path::Path;
use std::time::Duration;

use windows_sys::Win32::Networking::WinSock::{
    IPPROTO_TCP, SD_BOTH, SD_RECEIVE, SD_SEND, SIO_KEEPALIVE_VALS, SOCKET, TCP_KEEPCNT, TCP_MAXRT,
    WSAIoctl, recv as recv_from, send as send_to, setsockopt, shutdown as shut_down, tcp_keepalive,
};

use super::descriptor::{AsDescriptor, Descriptor};
use super::door::{self, Door};

/// A connected stream, as one of its two ends has it.
pub(crate) type Socket = OwnedSocket;

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
    // SAFETY: the system reads at most the length of the slice.
    checked(unsafe { send_to(raw(socket), bytes.as_ptr(), length(bytes), 0) })
}

/// Receives what is there now; nothing is `WouldBlock`, zero bytes are the end.
pub(crate) fn recv(socket: &Socket, into: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the system writes at most the length of the slice.
    checked(unsafe { recv_from(raw(socket), into.as_mut_ptr(), length(into), 0) })
}

/// Nothing more will be sent, or received, by any handle of the socket.
pub(crate) fn shutdown(socket: &Socket, how: Shutdown) {
    let how = match how {
        Shutdown::Read => SD_RECEIVE,
        Shutdown::Write => SD_SEND,
        Shutdown::Both => SD_BOTH,
    };
    // SAFETY: takes numbers. Fails when the other end is gone.
    unsafe { shut_down(raw(socket), how) };
}

/// Connects to who listens at the path, within `timeout`. With what both sides put before their key.
pub(crate) fn connect_at(path: &Path, timeout: Duration) -> io::Result<(Socket, Vec<u8>)> {
    let (address, key) = door::find(path)?;
    let socket = TcpStream::connect_timeout(&address, timeout).and_then(tcp)?;
    Ok((socket, key))
}

/// Listens for programs on this machine, at a port that goes with the socket.
#[derive(Debug)]
pub(crate) struct Local {
    listener: TcpListener,
    /// The path that leads to it.
    _door: Option<Door>,
}

impl Local {
    /// Listens at a path. With what both sides put before their key.
    pub(crate) fn at(path: &Path) -> io::Result<(Local, Vec<u8>)> {
        let (listener, port) = listen()?;
        let (door, key) = Door::open(path, port)?;
        Ok((Local { listener, _door: Some(door) }, key))
    }

    /// Listens under no name. Others can find the port; who may come is for the handshake to tell.
    pub(crate) fn unnamed() -> io::Result<(Local, Vec<u8>)> {
        let (listener, port) = listen()?;
        Ok((Local { listener, _door: None }, port.to_le_bytes().to_vec()))
    }

    /// The next connection; none is `WouldBlock`.
    pub(crate) fn accept(&self) -> io::Result<Socket> {
        self.listener.accept().and_then(|(stream, _)| tcp(stream))
    }

    pub(crate) fn descriptor(&self) -> Descriptor<'_> {
        self.listener.descriptor()
    }
}

fn listen() -> io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
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
    Ok(stream.into())
}

/// Both ends of a stream, for tests.
#[cfg(test)]
pub(crate) fn pair() -> io::Result<(Socket, Socket)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let one = TcpStream::connect(listener.local_addr()?)?;
    let (other, _) = listener.accept()?;
    Ok((tcp(one)?, tcp(other)?))
}
