//! `Listener`.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sync_prims::thread::{Lock, LockGuard};
use sync_prims::{Deadline, TryLockError};

use super::address::Address;
use super::bound::Bound;
use super::knock::{Heard, Knock};
use crate::auth::AuthKey;
use crate::pipe::Connection;
use crate::sys::descriptor::{AsDescriptor, Descriptor};
use crate::sys::epoll::Epoll;
use crate::sys::stream::{Local, Socket};
use crate::wait::{Source, Waitable};

/// So many may be about to prove that they know the key. Others wait in the socket's backlog.
const KNOCKS: usize = 256;

/// They have this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits at an address for [`Client`](crate::Client)s, which may be other programs on this machine or
/// another. Use a [`pipe`](crate::pipe()) or [`channel`](crate::channel) within a program.
///
/// Client and listener prove to each other that they know the same key, without showing it: a
/// challenge and an answer in both directions, with HMAC-SHA-256. What they then send is not encrypted.
/// Those who have not proved it yet take up a bounded amount of memory and time, and hinder nobody
/// who has: handshakes go on side by side.
///
/// # Process death
///
/// What is left of the socket's file when its listener was killed is replaced by the next to listen
/// there. The other end of a connection is told that this one is gone; if a whole machine is, over TCP,
/// the kernel finds out within half a minute.
///
/// # Examples
///
/// ```
/// use ipc::{Address, Client, Listener};
///
/// let listener = Listener::bind(&Address::Tcp(([127, 0, 0, 1], 0).into()), b"a shared secret")?;
/// let address = listener.address().clone();
/// let client = std::thread::spawn(move || {
///     let mut line = Client::connect::<String, usize>(&address, b"a shared secret").unwrap();
///     line.send("four".to_owned()).unwrap();
///     line.recv().unwrap()
/// });
/// let mut line = listener.accept::<usize, String>()?;
/// let text = line.recv()?;
/// line.send(text.len())?;
/// assert_eq!(client.join().unwrap(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Listener {
    socket: Bound,
    address: Address,
    key: AuthKey,
    patience: Duration,
    /// Ready when somebody has come, or has said more.
    events: Epoll,
    /// Whoever accepts has them, one at a time.
    knocks: Lock<Knocks>,
}

#[derive(Debug, Default)]
struct Knocks {
    waiting: Vec<Knock>,
    /// No more are let in for now.
    full: bool,
}

impl Listener {
    /// Listens at the address.
    ///
    /// # Errors
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if somebody does so already;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for an empty key over TCP, where everybody
    /// could come; and what the system says.
    pub fn bind(address: &Address, authkey: &[u8]) -> io::Result<Listener> {
        address.check_key(authkey)?;
        let (socket, address) = Bound::new(address)?;
        Listener::on(socket, address, authkey)
    }

    /// Listens for who knows the key and the name, which is new and in no file system.
    pub(crate) fn bind_unnamed(authkey: &[u8]) -> io::Result<(Listener, Vec<u8>)> {
        let (socket, name) = Local::unnamed()?;
        let address = Address::Unix(PathBuf::new());
        Ok((Listener::on(Bound::Local(socket), address, authkey)?, name))
    }

    fn on(socket: Bound, address: Address, authkey: &[u8]) -> io::Result<Listener> {
        let events = Epoll::new()?;
        events.add(socket.descriptor())?;
        let key = AuthKey::new(authkey);
        let knocks = Lock::new(Knocks::default());
        Ok(Listener { socket, address, key, patience: PATIENCE, events, knocks })
    }

    /// Where it listens: over TCP with the port that it has got.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Ready when there is something to [`accept`](Listener::accept).
    pub(crate) fn descriptor(&self) -> Descriptor<'_> {
        self.events.descriptor()
    }

    /// How long until the next of those who have come is too slow: then somebody has to accept.
    pub(crate) fn next_end(&self) -> Option<Duration> {
        let knocks = self.lock(Deadline::never()).ok()?;
        knocks.waiting.iter().filter_map(|knock| knock.until.remaining()).min()
    }

    /// How long a client may take to prove that it knows the key; 10 seconds at first.
    pub fn set_handshake_timeout(&mut self, timeout: Duration) {
        self.patience = timeout;
    }

    /// Waits for a client that knows the key. The connection sends `S` and receives `R`; the client's
    /// does the opposite.
    ///
    /// # Errors
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) if a client came and was refused, for it
    /// has another key, speaks another language, was too slow or went away in the middle: call it
    /// again for the next one. Who goes away without a word is no client. Else what the system says.
    #[doc(alias = "last_accepted")]
    pub fn accept<S, R>(&self) -> io::Result<Connection<S, R>> {
        self.accept_until(Deadline::never()).map(Connection::over)
    }

    /// The same, waiting at most `timeout`. Handshakes that have begun by then go on in the next call.
    ///
    /// # Errors
    /// As [`accept`](Listener::accept), and [`TimedOut`](io::ErrorKind::TimedOut).
    pub fn accept_timeout<S, R>(&self, timeout: Duration) -> io::Result<Connection<S, R>> {
        self.accept_until(Deadline::after(timeout)).map(Connection::over)
    }

    pub(crate) fn accept_until(&self, deadline: Deadline) -> io::Result<Socket> {
        let mut knocks = self.lock(deadline)?;
        loop {
            let let_in = self.let_in(&mut knocks);
            let waiting = knocks.waiting.len();
            // Also if there is no descriptor for one more: those who are gone or too slow have some.
            if let Some(socket) = self.listen(&mut knocks)? {
                return Ok(socket);
            }
            match let_in {
                Err(_) if knocks.waiting.len() < waiting => continue,
                let_in => let_in?,
            }
            self.heed_as_there_is_room(&mut knocks)?;
            if deadline.passed() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let ends = knocks.waiting.iter().filter_map(|knock| knock.until.remaining());
            self.events.wait(ends.chain(deadline.remaining()).min())?;
        }
    }

    fn lock(&self, deadline: Deadline) -> io::Result<LockGuard<'_, Knocks>> {
        match self.knocks.lock_timeout(deadline.remaining().unwrap_or(Duration::MAX)) {
            Ok(knocks) => Ok(knocks),
            // A panic in between has left none of them half changed.
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Takes connections from the socket, as long as there is room for them.
    fn let_in(&self, knocks: &mut Knocks) -> io::Result<()> {
        while knocks.waiting.len() < KNOCKS {
            let Some(socket) = self.socket.accept()? else { break };
            // One that has gone again by now is nobody's loss.
            let Ok(knock) = Knock::new(socket, Deadline::after(self.patience)) else { continue };
            self.events.add(knock.descriptor())?;
            knocks.waiting.push(knock);
        }
        self.heed_as_there_is_room(knocks)
    }

    /// A socket that is not looked at would wake the sleep for what must wait.
    fn heed_as_there_is_room(&self, knocks: &mut Knocks) -> io::Result<()> {
        let full = knocks.waiting.len() >= KNOCKS;
        if full != knocks.full {
            self.events.heed(self.socket.descriptor(), !full)?;
            knocks.full = full;
        }
        Ok(())
    }

    /// Hears what those who have come say; the first to prove itself, or the first to be refused.
    fn listen(&self, knocks: &mut Knocks) -> io::Result<Option<Socket>> {
        let mut index = 0;
        while let Some(knock) = knocks.waiting.get_mut(index) {
            let heard = knock.listen(&self.key);
            if matches!(heard, Ok(Heard::Part)) {
                index += 1;
                continue;
            }
            let knock = knocks.waiting.remove(index);
            self.events.remove(knock.descriptor())?;
            if heard? == Heard::Proof {
                return Ok(Some(knock.into_socket()));
            }
        }
        Ok(None)
    }
}

/// Ready when a client has come or goes on with its handshake; [`accept`](Listener::accept) may still
/// have to wait for the rest of that.
impl Waitable for Listener {
    fn source(&self) -> Source<'_> {
        Source::of(self.events.descriptor())
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("address", &self.address).finish_non_exhaustive()
    }
}
