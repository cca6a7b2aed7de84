//! A connection whose other end has not proved yet that it knows the key.

use std::io;

use sync_prims::Deadline;

use crate::auth::{self, ANSWER, AuthKey, Nonce, REFUSED};
use crate::sys::descriptor::{AsDescriptor, Descriptor};
use crate::sys::stream::{self, Socket};

/// Takes up a descriptor and this many bytes, whatever comes.
#[derive(Debug)]
pub(super) struct Knock {
    socket: Socket,
    nonce: Nonce,
    answer: [u8; ANSWER],
    come: usize,
    pub(super) until: Deadline,
}

/// What one that knocked has said so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Not enough.
    Part,
    /// What proves that it knows the key.
    Proof,
    /// Nothing, and it is gone: it only looked whether somebody listens, as another listener does.
    Gone,
}

impl Knock {
    /// Sends the challenge.
    pub(super) fn new(socket: Socket, until: Deadline) -> io::Result<Knock> {
        let nonce = auth::nonce()?;
        send_all(&socket, &auth::challenge(&nonce))?;
        Ok(Knock { socket, nonce, answer: [0; ANSWER], come: 0, until })
    }

    pub(super) fn descriptor(&self) -> Descriptor<'_> {
        self.socket.descriptor()
    }

    /// Reads what has come of the answer.
    pub(super) fn listen(&mut self, key: &AuthKey) -> io::Result<Heard> {
        while self.come < ANSWER {
            match stream::recv(&self.socket, &mut self.answer[self.come..]) {
                Ok(0) => return self.ended("it hung up before it proved that it knows the key"),
                Ok(some) => self.come += some,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return self.ended("its connection broke before it proved itself"),
            }
        }
        if !auth::may_be_answer(&self.answer[..self.come]) {
            return Err(refused("what it said is no answer to the challenge"));
        }
        if self.come < ANSWER {
            return if self.until.passed() {
                Err(refused("it did not prove in time that it knows the key"))
            } else {
                Ok(Heard::Part)
            };
        }
        let Some(verdict) = auth::verdict(key, &self.nonce, &self.answer) else {
            // For a client that made a mistake; who does not listen need not know.
            let _ = send_all(&self.socket, &REFUSED);
            return Err(refused("it has another key"));
        };
        send_all(&self.socket, &verdict).map_err(|_| refused("it hung up"))?;
        Ok(Heard::Proof)
    }

    fn ended(&self, why: &str) -> io::Result<Heard> {
        if self.come == 0 { Ok(Heard::Gone) } else { Err(refused(why)) }
    }

    pub(super) fn into_socket(self) -> Socket {
        self.socket
    }
}

/// Sends a few bytes, for which a socket that nothing was sent on has room.
fn send_all(socket: &Socket, bytes: &[u8]) -> io::Result<()> {
    let sent = stream::send(socket, bytes)?;
    if sent == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, format!("a client was refused: {why}"))
}
