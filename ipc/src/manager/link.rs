//! A client's link to a server. All proxies of one process to one server share it.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ManagerError;
use super::line::Line;
use super::protocol::{Envelope, Greeting, Request, Welcome};
use crate::channel::{Sender, Untyped, channel};
use crate::error::{RecvError, SendError};
use crate::heap::ProcessId;
use crate::listener::{Address, Client};
use crate::program::Program;
use crate::sys::image;

/// How to get more lines, and those that are free.
pub(super) struct Link {
    way: Way,
    state: Mutex<State>,
}

enum Way {
    /// A server of the program: requests go into its inbox.
    Program(Sender<Untyped>),
    /// One that is reached there, with that key.
    Network(Address, Vec<u8>),
}

#[derive(Default)]
struct State {
    session: Option<Session>,
    idle: Vec<Line>,
    /// Objects that a server elsewhere is to be told that this process has dropped.
    released: Vec<u64>,
}

/// What the server knows this process by.
struct Session {
    /// A fork of this process is another client.
    me: ProcessId,
    link: u64,
    server_pid: u32,
    /// A server of the program sees that it is gone.
    _pulse: Option<Sender<()>>,
}

/// The links of this process within its program, so that all proxies to one server find the same.
static LINKS: Mutex<Vec<Weak<Link>>> = Mutex::new(Vec::new());

impl Link {
    /// The link to the server that reads what goes into `inbox`.
    pub(super) fn to(inbox: Sender<Untyped>) -> Arc<Link> {
        let mut links = LINKS.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that are dropped here may be the last to their link, but not under the lock.
        let mut all = Vec::new();
        links.retain(|link| link.upgrade().map(|link| all.push(link)).is_some());
        let is_it =
            |link: &&Arc<Link>| link.inbox().is_some_and(|known| known.is_same_channel(&inbox));
        let found = all.iter().find(is_it).cloned();
        let link = found.unwrap_or_else(|| {
            let link = Arc::new(Link { way: Way::Program(inbox), state: Mutex::default() });
            links.push(Arc::downgrade(&link));
            link
        });
        drop(links);
        link
    }

    /// A link to the server that is reached there.
    pub(super) fn over(address: &Address, key: &[u8]) -> Arc<Link> {
        let way = Way::Network(address.clone(), key.to_vec());
        Arc::new(Link { way, state: Mutex::default() })
    }

    /// Where requests within the program go.
    pub(super) fn inbox(&self) -> Option<&Sender<Untyped>> {
        match &self.way {
            Way::Program(inbox) => Some(inbox),
            Way::Network(..) => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the server, and waits for what it answers.
    pub(super) fn ask<A: Serialize, R: DeserializeOwned>(
        &self,
        request: &Request,
        args: A,
    ) -> Result<R, ManagerError> {
        self.borrow()?.line().ask(self.inbox(), request, args)
    }

    /// The server's process id. It answers, so it is there.
    pub(super) fn server_pid(&self) -> Result<u32, ManagerError> {
        drop(self.borrow()?);
        self.state().session.as_ref().map(|session| session.server_pid).ok_or(ManagerError::Gone)
    }

    /// This process has dropped its last proxy of an object of a server elsewhere. That is told with the
    /// next call; if there is none, the object is released with the link.
    pub(super) fn release(&self, object: u64) {
        let mut state = self.state();
        state.released.push(object);
        let line = state.idle.pop();
        drop(state);
        drop(line.map(|line| Borrowed { line: Some(line), link: self }));
    }

    fn borrow(&self) -> Result<Borrowed<'_>, ManagerError> {
        Ok(Borrowed { line: Some(self.line()?), link: self })
    }

    /// A line that nobody else uses, a new one if need be.
    fn line(&self) -> Result<Line, ManagerError> {
        let me = Program::current()?.me;
        let known = {
            let mut state = self.state();
            if state.session.as_ref().is_some_and(|session| session.me != me) {
                // Those are the parent's.
                *state = State::default();
            }
            if let Some(line) = state.idle.pop() {
                return Ok(line);
            }
            state.session.as_ref().map(|session| session.link)
        };
        let (line, Welcome { link, pid, .. }, pulse) = match &self.way {
            Way::Program(inbox) => open_within(inbox, known)?,
            Way::Network(address, key) => open_over(address, key, known)?,
        };
        let mut state = self.state();
        match &state.session {
            None => {
                state.session = Some(Session { me, link, server_pid: pid, _pulse: pulse });
                Ok(line)
            }
            Some(session) if session.link == link => Ok(line),
            // Another thread was faster: this is one more client of the server, whose only line is not used.
            Some(_) => {
                drop((state, line));
                self.line()
            }
        }
    }
}

type Opened = (Line, Welcome, Option<Sender<()>>);

/// A new line of a known link, or of a new one.
fn open_within(inbox: &Sender<Untyped>, known: Option<u64>) -> Result<Opened, ManagerError> {
    let (replies_to, replies) = channel(1)?;
    let mut ours = None;
    match known {
        Some(link) => inbox.send_with(|encoder| {
            encoder.put(&Envelope::Line { link })?;
            encoder.put(&replies_to)
        }),
        None => {
            let (pulse, heard) = channel::<()>(1)?;
            ours = Some(pulse);
            inbox.send_with(|encoder| {
                encoder.put(&Envelope::Open { pid: std::process::id() })?;
                encoder.put(&heard)?;
                encoder.put(&replies_to)
            })
        }
    }
    .map_err(not_sent)?;
    // Only the server has it now: with it goes the line.
    drop(replies_to);
    let mut line = Line::within(replies);
    let welcome: Welcome = line.answer()?;
    line.set_number(welcome.line);
    Ok((line, welcome, ours))
}

/// The same over a new connection.
pub(super) fn open_over(
    address: &Address,
    key: &[u8],
    known: Option<u64>,
) -> Result<Opened, ManagerError> {
    use std::io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, NotFound, UnexpectedEof,
    };
    let gone = [
        BrokenPipe,
        ConnectionAborted,
        ConnectionRefused,
        ConnectionReset,
        NotFound,
        UnexpectedEof,
    ];
    let connection = Client::connect(address, key).map_err(|error| {
        // Nobody is there where somebody was.
        let is_gone = known.is_some() && gone.contains(&error.kind());
        if is_gone { ManagerError::Gone } else { ManagerError::Io(error) }
    })?;
    let line = Line::over(connection);
    let build = image::main().build_id.clone();
    let greeting = Greeting { build, pid: std::process::id(), link: known };
    line.say(|encoder| encoder.put(&greeting))?;
    let welcome = line.answer()?;
    Ok((line, welcome, None))
}

/// Why a request did not go out.
pub(super) fn not_sent<T>(error: SendError<T>) -> ManagerError {
    match error {
        SendError::Encode { error, .. } => ManagerError::Encode(error),
        SendError::Io { error, .. } => ManagerError::Io(error),
        error @ SendError::TooLarge { .. } => {
            ManagerError::Encode(crate::error::EncodeError::new(error))
        }
        // The inbox has room for whatever comes.
        _ => ManagerError::Gone,
    }
}

/// Why no answer came.
pub(super) fn not_received(error: RecvError) -> ManagerError {
    match error {
        RecvError::Decode(error) => ManagerError::Decode(error),
        RecvError::Io(error) => ManagerError::Io(error),
        _ => ManagerError::Gone,
    }
}

/// A line that is free again when dropped, also by a panic of the user's serde code: that comes before
/// the request is sent or after its answer was taken out.
struct Borrowed<'l> {
    line: Option<Line>,
    link: &'l Link,
}

impl Borrowed<'_> {
    fn line(&self) -> &Line {
        self.line.as_ref().expect("there until it is dropped")
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let Some(line) = self.line.take() else { return };
        let released = std::mem::take(&mut self.link.state().released);
        for object in released {
            // If it cannot be told the line is no good, and the link will not be there for long.
            let _ = line.say(|encoder| encoder.put(&Request::Release { object }));
        }
        if line.is_good() {
            self.link.state().idle.push(line);
        }
    }
}

/// A number of this thread that no other of this process has or had.
pub(super) fn this_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static THREAD: Cell<u64> = const { Cell::new(0) };
    }
    THREAD.with(|thread| {
        if thread.get() == 0 {
            thread.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        thread.get()
    })
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::thread;

    use super::{Address, ManagerError, open_over};
    use crate::auth;

    #[test]
    fn a_server_that_dies_in_the_handshake_is_gone_to_who_knew_it() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = Address::Tcp(listener.local_addr().unwrap());
        let dying = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            // The challenge comes, and the answer finds nobody.
            connection.write_all(&auth::challenge(&auth::nonce().unwrap())).unwrap();
        });
        let told = open_over(&address, b"a key", Some(1)).map(drop);
        assert!(matches!(told, Err(ManagerError::Gone)), "{told:?}");
        dying.join().unwrap();
    }
}
