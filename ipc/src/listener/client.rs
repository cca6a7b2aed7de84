//! `Client`.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use sync_prims::Deadline;

use super::address::Address;
use crate::auth::{self, AuthKey, CHALLENGE, VERDICT};
use crate::pipe::Connection;
use crate::sys::descriptor::AsDescriptor;
use crate::sys::stream::Socket;
use crate::sys::{readiness, stream};

/// How long a connect may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The other side of a [`Listener`](crate::Listener).
#[derive(Debug)]
pub enum Client {}

impl Client {
    /// Connects to a listener that knows the same key, within 30 seconds. The connection sends `S` and
    /// receives `R`; the listener's does the opposite.
    ///
    /// # Errors
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) or [`NotFound`](io::ErrorKind::NotFound)
    /// if nobody listens there;
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) if the two have not the same key, or the path is
    /// another user's;
    /// [`InvalidData`](io::ErrorKind::InvalidData) if whoever listens there is no
    /// [`Listener`](crate::Listener); [`TimedOut`](io::ErrorKind::TimedOut);
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for an empty key over TCP; and what the system says.
    pub fn connect<S, R>(address: &Address, authkey: &[u8]) -> io::Result<Connection<S, R>> {
        Client::connect_timeout(address, authkey, PATIENCE)
    }

    /// The same, within `timeout`.
    ///
    /// # Errors
    /// As [`connect`](Client::connect).
    pub fn connect_timeout<S, R>(
        address: &Address,
        authkey: &[u8],
        timeout: Duration,
    ) -> io::Result<Connection<S, R>> {
        address.check_key(authkey)?;
        let deadline = Deadline::after(timeout);
        let socket = connect(address, timeout)?;
        shake_hands(&socket, &AuthKey::new(authkey), deadline)?;
        Ok(Connection::over(socket))
    }

    /// Connects to a listener that is not in the file system.
    pub(crate) fn connect_unnamed(
        name: &[u8],
        authkey: &[u8],
        deadline: Deadline,
    ) -> io::Result<Socket> {
        let socket = stream::connect_unnamed(name)?;
        shake_hands(&socket, &AuthKey::new(authkey), deadline)?;
        Ok(socket)
    }
}

fn connect(address: &Address, timeout: Duration) -> io::Result<Socket> {
    if timeout.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    match address {
        Address::Unix(path) => stream::connect_at(path, timeout).map_err(|error| {
            let full = error.kind() == io::ErrorKind::WouldBlock;
            if full { io::ErrorKind::TimedOut.into() } else { error }
        }),
        Address::Tcp(address) => TcpStream::connect_timeout(address, timeout).and_then(stream::tcp),
    }
}

fn shake_hands(socket: &Socket, key: &AuthKey, deadline: Deadline) -> io::Result<()> {
    let challenge = recv_exact::<CHALLENGE>(socket, deadline)?;
    let nonce = auth::nonce()?;
    let Some(answer) = auth::answer(key, &challenge, &nonce) else {
        let why = "whoever listens there speaks another language";
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    };
    // There is room: nothing else was sent.
    if stream::send(socket, &answer)? != answer.len() {
        return Err(io::ErrorKind::WriteZero.into());
    }
    let verdict = recv_exact::<VERDICT>(socket, deadline)?;
    if auth::is_accepted(key, &challenge, &nonce, &verdict) {
        Ok(())
    } else {
        let why = "the listener has another key";
        Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
    }
}

fn recv_exact<const N: usize>(socket: &Socket, deadline: Deadline) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    let mut come = 0;
    while come < N {
        match stream::recv(socket, &mut bytes[come..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(some) => come += some,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if deadline.passed() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                readiness::readable(&[socket.descriptor()], deadline.remaining())?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}
