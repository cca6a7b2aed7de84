//! The end of a socket that receives, and how both begin: the same chunks as in a stream, with their length
//! before them.
//!
//! ```text
//! kind, and whether more follows (8) | length (32, little-endian) | that many bytes
//! ```
//!
//! Behind the last of a message is a byte that says whether it counts: a message that could not be sent in time is called
//! off, be it but for its end.
//!
//! What comes from the other end is input. A chunk is bounded, a message is, and memory is used as bytes
//! come, not as they are announced.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use super::contract::{BYTES, CALLED_OFF, KIND, MORE, PARCEL, Receiving, VALUE, Wanted, is_end};
use super::joint::Joint;
use super::socket_send::{COUNTS, DROPPED, HEADER, LARGEST_CHUNK, LARGEST_MESSAGE, SocketSend};
use crate::error::RecvError;
use crate::handle::Unique;
use crate::ring::Stream;
use crate::sleep::Patience;
use crate::sys::descriptor::AsDescriptor;
use crate::sys::stream::Socket;
use crate::sys::{fork, readiness, stream};
use crate::wait::Source;

/// The end that receives. It never reads beyond the end of a message, so that the socket is readable
/// when there is another one.
#[derive(Debug)]
pub(crate) struct SocketRecv {
    socket: Arc<Joint>,
    header: [u8; HEADER],
    /// How much has come of the header, and then what has come of the chunk.
    have: usize,
    /// What has come of the message, this chunk included.
    message: Vec<u8>,
    /// What came was no message: there is no way to tell where the next one begins.
    broken: bool,
    carrier: Option<Unique>,
}

/// Both ends, for a connected stream socket. What keeps the parcels that are sent and received, if both
/// sides are of one program.
pub(crate) fn ends(
    socket: Socket,
    (sent, received): (Option<Unique>, Option<Unique>),
) -> (SocketSend, SocketRecv) {
    let socket = Arc::new(Joint::new(socket));
    let send = SocketSend { socket: Arc::clone(&socket), unsent: Vec::new(), carrier: sent };
    let recv = SocketRecv {
        socket,
        header: [0; HEADER],
        have: 0,
        message: Vec::new(),
        broken: false,
        carrier: received,
    };
    (send, recv)
}

impl Receiving for SocketRecv {
    fn recv(
        &mut self,
        _: Option<&Stream>,
        patience: Patience,
        _: &mut Option<Wanted<'_>>,
    ) -> Result<u32, RecvError> {
        loop {
            let begun = self.have > 0;
            if let Some(kind) = self.collect()? {
                return Ok(kind);
            }
            // The next chunk may be there already, and so on for as long as the other end likes.
            if begun && self.have == 0 && patience.is_over() {
                return Err(RecvError::Timeout);
            }
            match self.read() {
                Ok(0) => return Err(RecvError::Disconnected),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match patience {
                    Patience::None => return Err(RecvError::Empty),
                    Patience::Until(deadline) if deadline.passed() => {
                        return Err(RecvError::Timeout);
                    }
                    Patience::Until(deadline) => {
                        readiness::readable(&[self.socket.descriptor()], deadline.remaining())?;
                    }
                },
                Err(error) if is_end(&error) => return Err(RecvError::Disconnected),
                Err(error) => return Err(RecvError::Io(error)),
            }
        }
    }

    fn message(&mut self) -> &mut Vec<u8> {
        &mut self.message
    }

    /// Tells of messages that have begun to come as well.
    fn poll(&mut self, patience: Patience) -> io::Result<bool> {
        let Patience::Until(deadline) = patience else { return Ok(false) };
        loop {
            let ready = readiness::readable(&[self.socket.descriptor()], deadline.remaining())?[0];
            if ready || deadline.passed() {
                return Ok(ready);
            }
        }
    }

    fn source(&self) -> Source<'_> {
        Source::of(self.socket.descriptor())
    }

    fn carrier(&self) -> Option<&Unique> {
        self.carrier.as_ref()
    }
}

impl SocketRecv {
    pub(crate) fn socket(&self) -> &Arc<Joint> {
        &self.socket
    }

    /// How long this chunk is, once its header has come.
    fn chunk(&self) -> usize {
        let [_, a, b, c, d] = self.header;
        u32::from_le_bytes([a, b, c, d]) as usize
    }

    /// How many bytes come behind it.
    fn end(&self) -> usize {
        usize::from(u32::from(self.header[0]) & (MORE | CALLED_OFF) == 0)
    }

    /// Reads some of what is missing of the header or the chunk. Zero is the end.
    fn read(&mut self) -> io::Result<usize> {
        if self.broken {
            return Ok(0);
        }
        if self.have < HEADER {
            let some = stream::recv(&self.socket, &mut self.header[self.have..])?;
            self.have += some;
            return Ok(some);
        }
        let missing = self.chunk() + self.end() - (self.have - HEADER);
        let start = self.message.len();
        self.message.resize(start + missing, 0);
        let got = stream::recv(&self.socket, &mut self.message[start..]);
        let some = *got.as_ref().unwrap_or(&0);
        self.message.truncate(start + some);
        self.have += some;
        got
    }

    /// Looks at what has come; the kind of message if that was the whole of it.
    fn collect(&mut self) -> Result<Option<u32>, RecvError> {
        if self.have < HEADER {
            return Ok(None);
        }
        let (flags, chunk) = (u32::from(self.header[0]), self.chunk());
        let come = self.have - HEADER;
        let fits = chunk <= LARGEST_CHUNK && self.message.len() - come + chunk <= LARGEST_MESSAGE;
        let kind = flags & KIND;
        let called_off = flags == CALLED_OFF && chunk == 0;
        let known = match kind {
            VALUE | BYTES => true,
            PARCEL => self.carrier.is_some(),
            _ => false,
        };
        if !(called_off || fits && flags & !(KIND | MORE) == 0 && known) {
            return Err(self.give_up());
        }
        if come < chunk + self.end() {
            return Ok(None);
        }
        self.have = 0;
        if self.end() == 0 {
            if called_off {
                self.message.clear();
            }
            return Ok(None);
        }
        match self.message.pop() {
            Some(COUNTS) => Ok(Some(kind)),
            Some(DROPPED) => {
                self.message.clear();
                Ok(None)
            }
            _ => Err(self.give_up()),
        }
    }

    fn give_up(&mut self) -> RecvError {
        self.broken = true;
        self.message = Vec::new();
        self.have = 0;
        let why = "what came over the connection is no message";
        io::Error::new(io::ErrorKind::InvalidData, why).into()
    }
}

impl Drop for SocketRecv {
    fn drop(&mut self) {
        if !fork::forked() {
            // Before that: some systems let nothing out afterwards.
            self.socket.discard();
            stream::shutdown(&self.socket, Shutdown::Read);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use proptest::prelude::{any, proptest};
    use proptest::prop_assert;

    use super::super::socket_send::{COUNTS, header};
    use super::stream::{self, Socket};
    use super::{BYTES, CALLED_OFF, HEADER, MORE, Receiving, SocketRecv, VALUE, ends};
    use crate::error::{RecvError, SendError};
    use crate::pipe::Connection;
    use crate::sleep::Patience;

    const LONG: Duration = Duration::from_secs(60);
    /// More than any socket takes that nobody reads from.
    const LARGE: usize = 32 << 20;

    fn hostile() -> impl Iterator<Item = (Socket, SocketRecv)> {
        let pairs = stream::pairs().unwrap().into_iter();
        pairs.map(|(theirs, ours)| (theirs, ends(ours, (None, None)).1))
    }

    /// What a socket that nothing was sent on has room for.
    fn write(socket: &Socket, bytes: &[u8]) {
        assert_eq!(stream::send(socket, bytes).unwrap(), bytes.len());
    }

    fn soon() -> Patience {
        Patience::Until(sync_prims::Deadline::after(LONG))
    }

    #[test]
    fn a_message_that_comes_byte_by_byte_is_whole() {
        for (theirs, mut ours) in hostile() {
            let mut bytes = header(BYTES | MORE, 2).to_vec();
            bytes.extend(b"ab");
            bytes.extend(header(BYTES, 1));
            bytes.extend([b'c', COUNTS]);
            let (last, before) = bytes.split_last().unwrap();
            for byte in before {
                write(&theirs, &[*byte]);
                assert!(matches!(
                    ours.recv(None, Patience::None, &mut None),
                    Err(RecvError::Empty)
                ));
            }
            write(&theirs, &[*last]);
            assert_eq!(ours.recv(None, soon(), &mut None).unwrap(), BYTES);
            assert_eq!(ours.message(), b"abc");
        }
    }

    #[test]
    fn a_timeout_ends_a_message_whose_parts_keep_coming() {
        for (theirs, mut ours) in hostile() {
            let begun = [&header(BYTES | MORE, 2)[..], b"ab"].concat();
            let rest = [&header(BYTES, 1)[..], &[b'c', COUNTS]].concat();
            // One that is called off is a part as well.
            let called_off = header(CALLED_OFF, 0);
            write(&theirs, &[&begun[..], &called_off, &begun, &rest].concat());
            let over = Patience::Until(sync_prims::Deadline::after(Duration::ZERO));
            for _ in 0..3 {
                assert!(matches!(ours.recv(None, over, &mut None), Err(RecvError::Timeout)));
            }
            assert_eq!(ours.recv(None, over, &mut None).unwrap(), BYTES);
            assert_eq!(ours.message(), b"abc");
        }
    }

    #[test]
    fn a_timeout_ends_a_message_for_whose_parts_there_is_room() {
        for (theirs, ours) in stream::pairs().unwrap() {
            let mut sender = Connection::<Vec<u8>, ()>::over(ours);
            let mut receiver = Connection::<(), Vec<u8>>::over(theirs);
            let sent = sender.send_timeout(vec![7; 70_000], Duration::ZERO);
            assert!(matches!(sent, Err(SendError::Timeout(_))), "{sent:?}");
            sender.send(vec![8]).unwrap();
            assert_eq!(receiver.recv().unwrap(), [8]);
        }
    }

    #[test]
    fn an_oversized_chunk_is_an_error_and_takes_no_memory() {
        for (theirs, mut ours) in hostile() {
            write(&theirs, &header(VALUE, u32::MAX as usize));
            assert!(matches!(ours.recv(None, soon(), &mut None), Err(RecvError::Io(_))));
            assert_eq!(ours.message.capacity(), 0);
            write(&theirs, &header(VALUE, 0));
            assert!(matches!(ours.recv(None, soon(), &mut None), Err(RecvError::Disconnected)));
        }
    }

    #[test]
    fn a_truncated_message_is_no_message() {
        for (theirs, mut ours) in hostile() {
            write(&theirs, &header(BYTES, 4));
            write(&theirs, b"abc");
            drop(theirs);
            assert!(matches!(ours.recv(None, soon(), &mut None), Err(RecvError::Disconnected)));
        }
    }

    proptest! {
        /// Whatever comes, each receive ends, and the end comes after no more messages than could be
        /// in it.
        #[test]
        fn hostile_bytes_are_errors_and_end(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            for (theirs, ours) in stream::pairs().unwrap() {
                let mut ours = Connection::<(), Vec<String>>::over(ours);
                write(&theirs, &bytes);
                drop(theirs);
                let mut received = 0;
                while !matches!(ours.recv_timeout(LONG), Err(RecvError::Disconnected)) {
                    received += 1;
                    prop_assert!(received <= bytes.len() / HEADER + 1);
                }
            }
        }

        /// The same with headers that are right, so that the decoder sees what is hostile.
        #[test]
        fn hostile_values_are_decode_errors(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for (theirs, ours) in stream::pairs().unwrap() {
                let mut ours = Connection::<(), Vec<String>>::over(ours);
                write(&theirs, &header(VALUE, bytes.len()));
                write(&theirs, &bytes);
                write(&theirs, &[COUNTS]);
                let received = ours.recv_timeout(LONG);
                prop_assert!(matches!(received, Ok(_) | Err(RecvError::Decode(_))), "{received:?}");
                // The next one is received as if nothing had been.
                write(&theirs, &header(VALUE, 1));
                write(&theirs, &[0, COUNTS]);
                prop_assert!(ours.recv_timeout(LONG).unwrap().is_empty());
            }
        }
    }

    #[test]
    fn a_message_of_which_only_the_end_was_not_sent_is_called_off() {
        for size in [1000, 60_000, 100_000] {
            for (theirs, ours) in stream::pairs().unwrap() {
                let mut sender = Connection::<Vec<u8>, ()>::over(ours);
                let mut receiver = Connection::<(), Vec<u8>>::over(theirs);
                let sent = (0..).take_while(|_| sender.try_send(vec![7; size]).is_ok()).count();
                for _ in 0..sent {
                    assert_eq!(receiver.recv().unwrap().len(), size);
                }
                // It brings along what is left of the one that was given back.
                sender.send(vec![8]).unwrap();
                assert!(receiver.recv().unwrap() == [8], "after {sent} of {size} bytes");
            }
        }
    }

    #[test]
    fn a_message_that_is_not_sent_in_time_is_called_off() {
        for (theirs, ours) in stream::pairs().unwrap() {
            let mut sender = Connection::<Vec<u8>, ()>::over(ours);
            let mut receiver = Connection::<(), Vec<u8>>::over(theirs);
            let large = vec![7; LARGE];
            assert!(sender.send_timeout(large.clone(), Duration::from_millis(20)).is_err());
            assert!(sender.try_send(large.clone()).is_err());
            let other = thread::spawn(move || {
                assert_eq!(receiver.recv().unwrap(), [1]);
                assert_eq!(receiver.recv().unwrap().len(), LARGE);
                assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
            });
            sender.send(vec![1]).unwrap();
            sender.send(large).unwrap();
            drop(sender);
            other.join().unwrap();
        }
    }
}
