//! A socket that listens.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;

use super::address::Address;
use super::socket_file::{self, SocketFile};
use crate::sys::stream::{self, keep_alive};

#[derive(Debug)]
pub(super) enum Bound {
    /// The file goes before the socket is closed: who finds it can still connect.
    Unix {
        _file: Option<SocketFile>,
        socket: UnixListener,
    },
    Tcp(TcpListener),
}

impl Bound {
    /// Listens, and tells where.
    pub(super) fn new(address: &Address) -> io::Result<(Bound, Address)> {
        match address {
            Address::Unix(path) => {
                let (socket, file) = socket_file::listen(path)?;
                socket.set_nonblocking(true)?;
                Ok((Bound::Unix { _file: Some(file), socket }, address.clone()))
            }
            Address::Tcp(address) => {
                let socket = TcpListener::bind(address)?;
                socket.set_nonblocking(true)?;
                let address = Address::Tcp(socket.local_addr()?);
                Ok((Bound::Tcp(socket), address))
            }
        }
    }

    /// Listens under a name that is in no file system and goes with the socket.
    pub(super) fn unnamed(name: &[u8]) -> io::Result<Bound> {
        let socket = stream::listen_unnamed(name)?;
        socket.set_nonblocking(true)?;
        Ok(Bound::Unix { _file: None, socket })
    }

    /// The next connection, if there is one.
    pub(super) fn accept(&self) -> io::Result<Option<OwnedFd>> {
        let accepted = match self {
            Bound::Unix { socket, .. } => socket.accept().map(|(stream, _)| OwnedFd::from(stream)),
            Bound::Tcp(socket) => socket.accept().and_then(|(stream, _)| {
                let socket = OwnedFd::from(stream);
                keep_alive(socket.as_fd())?;
                Ok(socket)
            }),
        };
        match accepted {
            Ok(socket) => Ok(Some(socket)),
            // None, or one that has gone again.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionAborted
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Bound {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Bound::Unix { socket, .. } => socket.as_fd(),
            Bound::Tcp(socket) => socket.as_fd(),
        }
    }
}
