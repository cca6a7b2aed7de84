//! In the program.
#![expect(unsafe_code, reason = "fcntl is a foreign function; standard streams are borrowed")]

use std::env;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use ipc::rendezvous::SharedWord;

use super::super::end::{self, Reference};
use super::super::start::{self, Start};
use super::wire::{self, MAGIC, Request};
use crate::sys::fate::Signal;

/// The fork server of this process, if one was started.
static SERVER: Mutex<Option<Server>> = Mutex::new(None);

fn server() -> MutexGuard<'static, Option<Server>> {
    SERVER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The environment of every server of this process: ours when the first was wanted.
fn environment() -> &'static Environment {
    static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| env::vars_os().collect())
}

type Environment = Vec<(OsString, OsString)>;

/// Whether this is the environment that a child begins with.
pub(crate) fn has_environment(wanted: &Environment) -> bool {
    wanted == environment()
}

/// Whether the children of a server are told their own ids; see `server.rs`.
#[cfg(not(target_env = "musl"))]
const WORKS: bool = true;
/// musl gives the kernel the lock of its list of threads for the place where a thread's id is.
#[cfg(target_env = "musl")]
const WORKS: bool = false;

/// A server that dies is replaced; one that dies before it can do anything always will.
const ATTEMPTS: usize = 3;

/// Has a child made. It has the environment of [`has_environment`]. `prepare` says what a new server
/// is given for [`serve`](super::serve).
pub(crate) fn start(
    start: &Start<'_>,
    prepare: impl Fn() -> Vec<u8>,
) -> io::Result<(u32, Reference)> {
    if !WORKS {
        let why = "a fork server cannot work with musl: start with StartMethod::Spawn";
        return Err(io::Error::new(io::ErrorKind::Unsupported, why));
    }
    let directory = open_directory(start.directory)?;
    let mut server = server();
    for _ in 0..ATTEMPTS {
        let running = match &mut *server {
            Some(running) => running,
            // Asked under the lock: who has it changed later ends the server that was given the old.
            none => none.insert(Server::launch(&prepare())?),
        };
        match running.make_child(start, directory.as_ref()) {
            Ok(Some(child)) => {
                let pidfd = Reference::of_child(child).inspect_err(|_| end::discard(child));
                return pidfd.map(|pidfd| (child, pidfd));
            }
            // It and its spare are dead, and nobody has taken the request, nor ever will.
            Ok(None) => *server = None,
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("the fork server ends before it can make a child"))
}

/// Keeps the server as it is while this process forks.
pub(crate) fn hold() -> Held {
    Held(server())
}

/// See [`hold`].
pub(crate) struct Held(MutexGuard<'static, Option<Server>>);

impl Held {
    /// In the fork: the server is its parent's, which alone may have a line to it.
    pub(crate) fn forget(mut self) {
        if let Some(mut server) = self.0.take() {
            server.is_ours = false;
        }
    }
}

/// Ends the server, if there is one. The next start starts another.
pub(crate) fn end() {
    *server() = None;
}

/// A fork server.
struct Server {
    line: OwnedFd,
    pidfd: Reference,
    /// Where the kernel writes the id of the child that stands by.
    spare_id: SharedWord,
    is_ours: bool,
}

impl Server {
    fn launch(prepare: &[u8]) -> io::Result<Self> {
        let (line, theirs) = wire::line()?;
        let (spare_id, page) = SharedWord::new()?;
        let greeting = [&MAGIC, prepare].concat();
        wire::send(line.as_fd(), &greeting, &[page.as_fd()])?;
        let (_, pidfd) = start::start(Start {
            image: None,
            handover: theirs.as_fd(),
            streams: [None; 3],
            directory: None,
            environment: environment().clone(),
            // Left to us, and its children begin as all do.
            hold_interrupt: true,
        })?;
        Ok(Self { line, pidfd, spare_id, is_ours: true })
    }

    /// The id of the child; none if server and spare are gone and nobody has taken the request.
    fn make_child(
        &self,
        start: &Start<'_>,
        directory: Option<&OwnedFd>,
    ) -> io::Result<Option<u32>> {
        let mut request = Request::default();
        if start.hold_interrupt {
            request.set(Request::HOLD_INTERRUPT);
        }
        let mut descriptors = vec![start.handover];
        if let Some(directory) = directory {
            request.set(Request::DIRECTORY);
            descriptors.push(directory.as_fd());
        }
        for (number, given) in start.streams.iter().enumerate() {
            if let Some(stream) = given.or_else(|| own_stream(number as i32)) {
                request.set(Request::stream(number));
                descriptors.push(stream);
            }
        }
        loop {
            match self.ask(request, &descriptors) {
                // It was interrupted while it stood by, and is over with that.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                answered => return answered,
            }
        }
    }

    fn ask(&self, request: Request, descriptors: &[BorrowedFd<'_>]) -> io::Result<Option<u32>> {
        let mut answer = [0; size_of::<i32>()];
        let answered = wire::send(self.line.as_fd(), &[request.to_byte()], descriptors)
            .and_then(|()| wire::receive(self.line.as_fd(), &mut answer));
        match answered {
            Ok((len, _)) if len == answer.len() => match i32::from_ne_bytes(answer) {
                child @ 1.. => {
                    // It does not stand by any more. By now there may be the next; that has another id, for this one
                    // has not been reaped. Relaxed, here and below: one word is all there is.
                    let child = child as u32;
                    let _ = self.spare_id.compare_exchange(child, wire::TAKEN, Relaxed, Relaxed);
                    Ok(Some(child))
                }
                error => Err(describe(-error)),
            },
            // The line is closed.
            Ok(_) => Ok(None),
            Err(error) if is_hang_up(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.is_ours {
            return;
        }
        // It may be dead. It has nothing to clean up, and its id is its own until it is reaped. If we may not signal it any
        // more, it ends with its spare, and that with the line.
        if self.pidfd.signal(Signal::Kill).is_err() {
            wire::hang_up(self.line.as_fd());
        }
        let _ = self.pidfd.wait(None);
        let _ = self.pidfd.reap();
        // Nobody makes another spare now. One that is dead may have been reaped by others, and its id a stranger's.
        let spare = self.spare_id.load(Relaxed);
        if spare != wire::TAKEN && end::is_child(spare) {
            end::discard(spare);
        }
    }
}

/// What stands against a child.
fn describe(answer: i32) -> io::Error {
    io::Error::other(match answer {
        wire::EARLY_THREADS => {
            "the fork server had threads when it came to `proc_spawn::init()`: that has to be the first \
             line of `main`, before any thread is started"
        }
        wire::LOADED_THREADS => "what the fork server was told to load has started threads",
        error => return io::Error::from_raw_os_error(error),
    })
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

/// Where the child is to begin: the server began elsewhere, perhaps. None if we may not even look at
/// where we are.
fn open_directory(directory: Option<&Path>) -> io::Result<Option<OwnedFd>> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_PATH | libc::O_DIRECTORY);
    match directory {
        Some(directory) => {
            // Its own `.`, to be told now if we may not enter it.
            let inside = if directory.as_os_str().is_empty() { "" } else { "." };
            options.open(directory.join(inside)).map(|file| Some(file.into()))
        }
        None => match options.open(".") {
            Ok(file) => Ok(Some(file.into())),
            // No more than others could open now.
            Err(error) if is_shortage(&error) => Err(error),
            Err(_) => Ok(None),
        },
    }
}

fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}

/// A standard stream of this process, if it is open.
fn own_stream(number: i32) -> Option<BorrowedFd<'static>> {
    // SAFETY: F_GETFD touches no memory; for a number that is no descriptor it fails.
    let open = unsafe { libc::fcntl(number, libc::F_GETFD) } >= 0;
    // SAFETY: it is open, and standard streams stay so; should one be closed meanwhile, sending it
    // fails and nothing else happens.
    open.then(|| unsafe { BorrowedFd::borrow_raw(number) })
}
