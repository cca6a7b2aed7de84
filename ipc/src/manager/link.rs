//! A client's link to a server. All proxies of one process to one server share it.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ManagerError;
use super::line::Line;
use super::protocol::{Envelope, Request, Welcome};
use crate::channel::{Receiver, Sender, Untyped, channel};
use crate::error::{RecvError, SendError};
use crate::heap::ProcessId;
use crate::program::Program;

/// Where requests go, and the lines that are free.
pub(super) struct Link {
    inbox: Sender<Untyped>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Option<Session>,
    idle: Vec<Line>,
}

/// What the server knows this process by.
struct Session {
    /// A fork of this process is another client.
    me: ProcessId,
    link: u64,
    server_pid: u32,
    /// The server sees that it is gone.
    _pulse: Sender<()>,
}

/// The links of this process, so that all proxies to one server find the same.
static LINKS: Mutex<Vec<Weak<Link>>> = Mutex::new(Vec::new());

impl Link {
    /// The link to the server that reads what goes into `inbox`.
    pub(super) fn to(inbox: Sender<Untyped>) -> Arc<Link> {
        let mut links = LINKS.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        links.retain(|link| match link.upgrade() {
            Some(link) => {
                if link.inbox.is_same_channel(&inbox) {
                    found = Some(link);
                }
                true
            }
            None => false,
        });
        found.unwrap_or_else(|| {
            let link = Arc::new(Link { inbox, state: Mutex::default() });
            links.push(Arc::downgrade(&link));
            link
        })
    }

    pub(super) fn inbox(&self) -> &Sender<Untyped> {
        &self.inbox
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
        let line = Borrowed { line: Some(self.line()?), link: self };
        line.ask(&self.inbox, request, args)
    }

    /// The server's process id.
    pub(super) fn server_pid(&self) -> Result<u32, ManagerError> {
        drop(Borrowed { line: Some(self.line()?), link: self });
        self.state().session.as_ref().map(|session| session.server_pid).ok_or(ManagerError::Gone)
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
        let (replies_to, replies) = channel(1)?;
        match known {
            Some(link) => {
                self.send(|encoder| {
                    encoder.put(&Envelope::Line { link })?;
                    encoder.put(&replies_to)
                })?;
                drop(replies_to);
                welcomed(replies).map(|(line, _)| line)
            }
            None => {
                let (pulse, heard) = channel::<()>(1)?;
                self.send(|encoder| {
                    encoder.put(&Envelope::Open { pid: std::process::id() })?;
                    encoder.put(&heard)?;
                    encoder.put(&replies_to)
                })?;
                drop((heard, replies_to));
                let (line, Welcome { link, pid, .. }) = welcomed(replies)?;
                let mut state = self.state();
                // If another thread was faster, this is one more client of the server, and its only
                // line is not used.
                if state.session.is_some() {
                    drop((state, line));
                    return self.line();
                }
                state.session = Some(Session { me, link, server_pid: pid, _pulse: pulse });
                Ok(line)
            }
        }
    }

    fn send(
        &self,
        write: impl FnOnce(&mut crate::message::Encoder) -> Result<(), crate::error::EncodeError>,
    ) -> Result<(), ManagerError> {
        self.inbox.send_with(write).map_err(not_sent)
    }
}

fn welcomed(replies: Receiver<Untyped>) -> Result<(Line, Welcome), ManagerError> {
    let mut line = Line::new(replies);
    let welcome: Welcome = line.answer()?;
    line.set_number(welcome.line);
    Ok((line, welcome))
}

/// Why a request did not go out.
pub(super) fn not_sent<T>(error: SendError<T>) -> ManagerError {
    match error {
        SendError::Encode { error, .. } => ManagerError::Encode(error),
        SendError::Io { error, .. } => ManagerError::Io(error),
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

impl std::ops::Deref for Borrowed<'_> {
    type Target = Line;

    fn deref(&self) -> &Line {
        self.line.as_ref().expect("there until it is dropped")
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if let Some(line) = self.line.take().filter(Line::is_good) {
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
