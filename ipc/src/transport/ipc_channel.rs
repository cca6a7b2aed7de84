//! Bytes through channels of ipc-channel, beside a ring that says what they are.

use std::io;

use ipc_channel::ipc::{
    IpcBytesReceiver, IpcBytesSender, IpcOneShotServer, IpcSender, bytes_channel,
};
use ipc_channel::platform::OsIpcSender;
use ipc_channel::{IpcError, TryRecvError};
use sync_prims::Deadline;

use super::acceptor::gone;
use super::ring_recv::RecvAside;
use super::ring_send::SendAside;
use crate::error::RecvError;
use crate::pipe::Connection;

/// What the connector sends: the acceptor's ends of both channels.
type Ends = (IpcBytesSender, IpcBytesReceiver);

pub(super) type Server = IpcOneShotServer<Ends>;

/// Pieces under way in one direction. More of them than this, or larger ones, could fill the channel,
/// which then blocks whoever sends.
const WINDOW: usize = 8;

pub(super) fn serve() -> io::Result<(Server, String)> {
    Server::new()
}

pub(super) fn connect<S, R>(
    name: String,
    mut ring: Connection<S, R>,
) -> io::Result<Connection<S, R>> {
    let (to_us, from_them) = bytes_channel()?;
    let (to_them, from_us) = bytes_channel()?;
    IpcSender::connect(name)?.send((to_us, from_us)).map_err(into_io)?;
    // What was sent is there for the acceptor, who does not have to wait for anything but this.
    ring.send_bytes(&[]).map_err(|_| gone())?;
    ring.set_aside(Box::new(to_them), Box::new(from_them));
    Ok(ring)
}

pub(super) fn accept<S, R>(
    server: Server,
    mut ring: Connection<S, R>,
    deadline: Deadline,
) -> io::Result<Connection<S, R>> {
    match ring.recv_bytes_until(deadline) {
        Ok(_) => {}
        Err(RecvError::Disconnected) => return Err(gone()),
        Err(RecvError::Timeout) => return Err(io::ErrorKind::TimedOut.into()),
        Err(error) => return Err(io::Error::other(error)),
    }
    let (_, (sender, receiver)) = server.accept().map_err(into_io)?;
    ring.set_aside(Box::new(sender), Box::new(receiver));
    Ok(ring)
}

impl SendAside for IpcBytesSender {
    fn piece(&self) -> usize {
        // The kernel counts up to twice as many bytes for a message, and some more.
        (OsIpcSender::get_max_fragment_size() / (2 * WINDOW)).saturating_sub(1024).max(256)
    }

    fn window(&self) -> usize {
        WINDOW
    }

    fn send(&mut self, piece: &[u8]) -> io::Result<()> {
        IpcBytesSender::send(self, piece).map_err(unwrapped)
    }
}

impl RecvAside for IpcBytesReceiver {
    fn recv(&mut self) -> io::Result<Vec<u8>> {
        self.try_recv().map_err(|error| match error {
            TryRecvError::IpcError(error) => into_io(error),
            TryRecvError::Empty => {
                let why = "a message was announced that is not in its channel";
                io::Error::new(io::ErrorKind::InvalidData, why)
            }
        })
    }
}

fn into_io(error: IpcError) -> io::Error {
    match error {
        IpcError::Io(error) => unwrapped(error),
        error => io::Error::other(error),
    }
}

/// On Windows ipc-channel has the system's codes inside larger ones, HRESULTs, of which `io` knows no kind.
fn unwrapped(error: io::Error) -> io::Error {
    const OF_THE_SYSTEM: u32 = 0x8007_0000;
    match error.raw_os_error().map(|code| code as u32 ^ OF_THE_SYSTEM) {
        Some(code @ ..=0xffff) => io::Error::from_raw_os_error(code as i32),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::unwrapped;

    #[test]
    fn a_code_of_the_system_is_itself_again_and_any_other_stays() {
        let code = |code| unwrapped(io::Error::from_raw_os_error(code)).raw_os_error();
        assert_eq!(code(0x8007_00e8_u32 as i32), Some(0xe8));
        assert_eq!(code(0x8008_0005_u32 as i32), Some(0x8008_0005_u32 as i32));
        assert_eq!(code(32), Some(32));
        assert_eq!(unwrapped(io::Error::other("none")).raw_os_error(), None);
    }
}
