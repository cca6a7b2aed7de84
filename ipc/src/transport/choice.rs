//! Which way a connection goes.

use std::io;

use serde::{Deserialize, Serialize};

use super::acceptor::{self, Acceptor};
use super::connector::{self, Connector};
use crate::auth;
use crate::listener::Listener;
use crate::pipe::pipe;

/// What a connection goes over; see the [module](crate::transport).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Transport {
    /// A ring in the program's shared memory for each direction, as a [`pipe`](crate::pipe()).
    Ring,
    /// A Unix socket, as a connection of a [`Listener`]. Its name is in no file system and known to
    /// the connector alone.
    Socket,
    /// Two channels of ipc-channel. Their bootstrap has a file in the directory for temporary files, which
    /// is left there if the process is killed that has the acceptor.
    #[cfg(feature = "ipc-channel")]
    IpcChannel,
}

impl Transport {
    /// Every one there is.
    pub const ALL: &'static [Transport] = &[
        Transport::Ring,
        Transport::Socket,
        #[cfg(feature = "ipc-channel")]
        Transport::IpcChannel,
    ];

    /// What becomes a connection's two ends: the first stays here, the second goes to who has the other
    /// end, as an argument or in a message.
    ///
    /// # Process death
    ///
    /// Whoever waits for the other side is told when that is gone, and so is a connection.
    ///
    /// # Errors
    /// The program's shared memory is used up or cannot be made, or the system is out of descriptors.
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::transport::Transport;
    ///
    /// for transport in Transport::ALL {
    ///     let (acceptor, connector) = transport.pair::<String, usize>()?;
    ///     let other = std::thread::spawn(move || {
    ///         let mut there = connector.connect().expect("a connection");
    ///         let text = there.recv().expect("a text");
    ///         there.send(text.len()).expect("somebody listens");
    ///     });
    ///     let mut here = acceptor.accept()?;
    ///     here.send("four".to_owned())?;
    ///     assert_eq!(here.recv()?, 4);
    ///     # other.join().unwrap();
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pair<S: 'static, R: 'static>(self) -> io::Result<(Acceptor<S, R>, Connector<R, S>)> {
        let (here, there) = pipe()?;
        let (accept, connect) = match self {
            Transport::Ring => (acceptor::By::Ring, connector::By::Ring),
            Transport::Socket => {
                let key = auth::nonce()?;
                let (listener, name) = Listener::bind_unnamed(&key)?;
                let listener = Box::new(listener);
                (acceptor::By::Socket(listener), connector::By::Socket { name, key })
            }
            #[cfg(feature = "ipc-channel")]
            Transport::IpcChannel => {
                let (server, name) = super::ipc_channel::serve()?;
                (acceptor::By::IpcChannel(server), connector::By::IpcChannel { name })
            }
        };
        Ok((Acceptor::new(here, accept), Connector::new(there, connect)))
    }
}
