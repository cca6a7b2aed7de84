//! In the process that has a logger: a thread that feeds it.

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::{io, mem};

use ipc::{Receiver, RecvError, Sender};
use log::LevelFilter;

use super::forwarder::{self, Line};
use super::record::Message;

/// So many records may be on their way. More wait in those who log them.
const ROOM: usize = 256;

static COLLECTOR: Mutex<Option<Collector>> = Mutex::new(None);

struct Collector {
    sender: Sender<Message>,
    thread: ThreadId,
    /// A word for each mark that has come up.
    marks: mpsc::Receiver<()>,
}

fn collector() -> MutexGuard<'static, Option<Collector>> {
    COLLECTOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a new child is given: none if this process does not log.
pub(crate) fn line() -> io::Result<Option<Line>> {
    let level = log::max_level();
    if level == LevelFilter::Off {
        return Ok(None);
    }
    if let Some(line) = forwarder::line() {
        return Ok(Some(line.at(level)));
    }
    let mut collector = collector();
    let running = match &mut *collector {
        Some(running) => running,
        none => none.insert(Collector::start()?),
    };
    Ok(Some(Line::new(level, running.sender.clone())))
}

impl Collector {
    fn start() -> io::Result<Self> {
        let (sender, records) = ipc::channel(ROOM)?;
        let (mark, marks) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("tandem-log".to_owned())
            .spawn(move || collect(&records, &mark))?;
        Ok(Self { sender, thread: thread.thread().id(), marks })
    }
}

/// Ends with the process: this process has a sender, too.
fn collect(records: &Receiver<Message>, mark: &mpsc::Sender<()>) {
    loop {
        match records.recv() {
            Ok(Message::Record(entry)) => {
                // A logger that panics must not silence everybody.
                let log = AssertUnwindSafe(|| entry.log_to(log::logger()));
                panic::catch_unwind(log).unwrap_or_else(mem::forget);
            }
            Ok(Message::Mark) => _ = mark.send(()),
            Err(RecvError::Decode(_)) => {}
            Err(_) => return,
        }
    }
}

/// Waits until the records that came so far have been logged.
pub(crate) fn drain() {
    let collector = collector();
    // A logger that exits is on that very thread.
    if let Some(running) = collector.as_ref().filter(|it| it.thread != thread::current().id())
        && running.sender.send(Message::Mark).is_ok()
    {
        // Fails if the thread has ended, so does not wait in vain.
        let _ = running.marks.recv();
    }
}

/// Keeps the collector as it is while this process forks.
pub(crate) fn hold() -> Held {
    Held(collector())
}

/// See [`hold`].
pub(crate) struct Held(MutexGuard<'static, Option<Collector>>);

impl Held {
    /// In the fork: the thread is its parent's.
    pub(crate) fn forget(mut self) {
        mem::forget(self.0.take());
    }
}
