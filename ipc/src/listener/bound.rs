//! A socket that listens.

use std::io;
use std::net::TcpListener;

use super::address::Address;
use crate::sys::descriptor::{AsDescriptor, Descriptor};
use crate::sys::stream::{self, Local, Socket};

#[derive(Debug)]
pub(super) enum Bound {
    Local(Local),
    Tcp(TcpListener),
}

impl Bound {
    /// Listens, and tells where.
    pub(super) fn new(address: &Address) -> io::Result<(Bound, Address)> {
        match address {
            Address::Unix(path) => Ok((Bound::Local(Local::at(path)?), address.clone())),
            Address::Tcp(address) => {
                let socket = TcpListener::bind(address)?;
                socket.set_nonblocking(true)?;
                let address = Address::Tcp(socket.local_addr()?);
                Ok((Bound::Tcp(socket), address))
            }
        }
    }

    /// The next connection, if there is one.
    pub(super) fn accept(&self) -> io::Result<Option<Socket>> {
        let accepted = match self {
            Bound::Local(socket) => socket.accept(),
            Bound::Tcp(socket) => socket.accept().and_then(|(stream, _)| stream::tcp(stream)),
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

    pub(super) fn descriptor(&self) -> Descriptor<'_> {
        match self {
            Bound::Local(socket) => socket.descriptor(),
            Bound::Tcp(socket) => socket.descriptor(),
        }
    }
}
