//! The last lines that a child prints to its standard error.
//!
//! The child writes into a pipe. One thread for all such children reads it, keeps the end and passes
//! everything on. Who joins the child reads what is left in the pipe: whatever the child wrote is there,
//! however it died.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use ipc::Waitable;

use crate::error::SpawnError;
use crate::stdio::Stdio;
use crate::sys::Descriptor;
use crate::sys::pipe::Incoming;

/// More than this is not kept, whatever the number of lines.
const MOST: usize = 64 << 10;

/// As much as is read at a time, and how often: more than a pipe holds.
const PIECE: usize = 8 << 10;
const PIECES: usize = 16;

/// What is kept of one child.
#[derive(Debug)]
pub(crate) struct Tail {
    /// Ready when the pipe has something to read.
    bell: Descriptor,
    lines: usize,
    /// Whether it is passed on to our standard error.
    passes_on: bool,
    /// Held while the pipe is read, so that the pieces stay in order.
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    pipe: Incoming,
    bytes: VecDeque<u8>,
}

/// The thread that reads.
struct Reader {
    tails: Arc<Mutex<Vec<Arc<Tail>>>>,
    /// Wakes it when there is another tail.
    bell: File,
}

static READER: Mutex<Option<Reader>> = Mutex::new(None);

fn reader() -> MutexGuard<'static, Option<Reader>> {
    READER.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tail {
    /// Puts itself in the place of a child's standard error.
    pub(crate) fn new(lines: usize, stderr: &mut Stdio) -> Result<Arc<Self>, SpawnError> {
        let Some(passes_on) = stderr.passes_on() else {
            let what = "to keep the last lines of the standard error of a process".to_owned();
            let problem = "it is given to somebody else";
            return Err(SpawnError::Invalid { what, problem });
        };
        let mut open = || {
            let (pipe, theirs) = Incoming::new()?;
            let bell = pipe.bell()?;
            let kept = Mutex::new(Kept { pipe, bytes: VecDeque::new() });
            let tail = Arc::new(Self { bell, lines, passes_on, kept });
            Reader::add(Arc::clone(&tail))?;
            *stderr = Stdio::from(theirs);
            Ok(tail)
        };
        open().map_err(SpawnError::system("read the standard error of a process"))
    }

    /// Reads what is there, without waiting; says whether there may be more one day.
    fn read(&self) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut piece = [0; PIECE];
        for _ in 0..PIECES {
            match kept.pipe.read(&mut piece) {
                Ok(None) => return true,
                Ok(Some(0)) => return false,
                Ok(Some(len)) => {
                    let piece = &piece[..len];
                    kept.bytes.extend(piece);
                    let excess = kept.bytes.len().saturating_sub(MOST);
                    kept.bytes.drain(..excess);
                    if self.passes_on {
                        // Where it cannot be printed it is still kept.
                        let _ = io::stderr().write_all(piece);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// The last lines of a child that has ended.
    pub(crate) fn text(&self) -> String {
        self.read();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(kept.bytes.make_contiguous());
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(self.lines)..].join("\n")
    }
}

impl Reader {
    fn add(tail: Arc<Tail>) -> io::Result<()> {
        let mut reader = reader();
        let running = match &mut *reader {
            Some(running) => running,
            none => none.insert(Self::start()?),
        };
        lock(&running.tails).push(tail);
        running.bell.write_all(&[0])
    }

    fn start() -> io::Result<Self> {
        let (ring, bell) = Incoming::new()?;
        let rung = ring.bell()?;
        let tails = Arc::new(Mutex::new(Vec::new()));
        let theirs = Arc::clone(&tails);
        thread::Builder::new()
            .name("tandem-stderr".to_owned())
            .spawn(move || run(ring, &rung, &theirs))?;
        Ok(Self { tails, bell: bell.into() })
    }
}

fn lock(tails: &Mutex<Vec<Arc<Tail>>>) -> MutexGuard<'_, Vec<Arc<Tail>>> {
    tails.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(mut ring: Incoming, rung: &Descriptor, tails: &Mutex<Vec<Arc<Tail>>>) {
    loop {
        let known = lock(tails).clone();
        let mut sources: Vec<&dyn Waitable> = vec![rung];
        sources.extend(known.iter().map(|tail| &tail.bell as &dyn Waitable));
        // It fails for want of memory. Then the next tail is waited for, and all are tried again.
        let ready = ipc::wait(&sources, None).unwrap_or_else(|_| vec![0]);
        for index in ready {
            if index == 0 {
                if !matches!(ring.read(&mut [0; 64]), Ok(None | Some(1..))) {
                    return;
                }
            } else if !known[index - 1].read() {
                lock(tails).retain(|tail| !Arc::ptr_eq(tail, &known[index - 1]));
            }
        }
    }
}

/// Passes on what is there, at the exit of this process.
pub(crate) fn drain() {
    if let Some(running) = &*reader() {
        let tails = lock(&running.tails).clone();
        tails.iter().for_each(|tail| _ = tail.read());
    }
}

/// Keeps the thread as it is while this process forks.
pub(crate) fn hold() -> Held {
    Held(reader())
}

/// See [`hold`].
pub(crate) struct Held(MutexGuard<'static, Option<Reader>>);

impl Held {
    /// In the fork: the thread is its parent's, and so are the pipes.
    pub(crate) fn forget(mut self) {
        std::mem::forget(self.0.take());
    }
}
