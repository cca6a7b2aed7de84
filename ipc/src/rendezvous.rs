//! How a new process joins the program of the one that started it.
//!
//! The parent keeps the child a place in the process table, gives its arguments to that place, and
//! leaves a greeting on a line of which the child finds the other end: the build, the place, and the
//! heap's memory. Nothing waits for anything: the greeting is there before
//! the child starts. The child answers only if it cannot join. Both keep the line open, so that
//! an exec of either is seen.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::greeting::{Greeting, MAGIC};
use crate::handle::Hold;
use crate::heap::{HoldId, Kind, NewProcess, Owner, ProcessId};
use crate::message::Parcel;
use crate::process::{Ward, sweep};
use crate::program::Program;
use crate::ring::Ring;
use crate::sys::line::{Heard, LONGEST, Line, Ours, Theirs};
use crate::sys::{image, line, streams};

pub use crate::shared_word::SharedWord;
pub use crate::sys::life::Sentinel;
pub use crate::sys::memory::Memory;

/// Why a child would not join.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Refusal {
    /// It was started from another executable than its parent.
    #[error(
        "the child is another build than its parent ({child}, not {parent}): the executable was \
         replaced while the program ran"
    )]
    OtherBuild {
        /// The parent's build.
        parent: String,
        /// The child's build.
        child: String,
    },
    /// It had started threads before it came to the guard.
    #[error(
        "the child had {count} threads when it came to proc_spawn::init(): make that call the first \
         line of main"
    )]
    ThreadsExist {
        /// How many there were, its main thread included.
        count: usize,
    },
    /// What it was to run could not be found or decoded.
    #[error("the child cannot tell what to run: {0}")]
    Entry(String),
    /// The system did not let it.
    #[error("the child could not join its program: {0}")]
    System(String),
}

/// A place for a child that is about to be started. Dropped unused, the place is free again.
pub struct Invitation {
    pub(crate) program: &'static Program,
    pub(crate) child: Option<ProcessId>,
    name: String,
    daemon: bool,
    pub(crate) line: Line,
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Invitation {
    /// Keeps a place for a child of this process.
    ///
    /// # Errors
    /// The program has as many processes as it can have, or the system is out of descriptors or
    /// memory.
    pub fn new(name: &str, daemon: bool) -> io::Result<Invitation> {
        let program = Program::current()?;
        let line = Line::new()?;
        let child = program.heap.reserve(NewProcess { parent: Some(program.me), name })?;
        let name = name.to_owned();
        Ok(Invitation { program, child: Some(child), name, daemon, line })
    }

    /// Gives the child its arguments and queues the greeting. Called once, before the start.
    ///
    /// # Errors
    /// The greeting does not fit: the name is far too long.
    pub fn put(&self, arguments: Parcel) -> io::Result<()> {
        let Program { heap, me, .. } = self.program;
        let child = self.child.ok_or(io::ErrorKind::InvalidInput)?;
        let hold = arguments.into_hold();
        let HoldId { index, generation } = hold.id();
        heap.move_hold(hold.id(), Owner::Process(*me), Owner::Process(child));
        hold.forget();
        let myself = heap.process(*me);
        let greeting = Greeting {
            build: &image::main().build_id,
            place: child.raw(),
            parent: me.raw(),
            parent_pid: std::process::id(),
            parent_name: myself.as_ref().map_or("", |entry| &entry.name),
            name: &self.name,
            daemon: self.daemon,
            arguments: (index, generation),
        };
        let bytes = greeting.encode().map_err(io::Error::other)?;
        if bytes.len() > LONGEST {
            let why = "the name of the process is too long";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        self.line.ours.greet(&bytes, heap.memory())
    }

    /// Lets the child that this process will `fork` keep what this process has a hold on now. The copies
    /// of handles in the child are then as good as any handle, but for one thing: dropped there
    /// they release nothing. The child holds all of it until it ends.
    ///
    /// # Errors
    /// The program has as many handles as it can have.
    pub fn share_holds(&self) -> io::Result<()> {
        let child = self.child.ok_or(io::ErrorKind::InvalidInput)?;
        let Program { heap, me, .. } = self.program;
        for (_, object) in heap.holds_of(Owner::Process(*me)) {
            if heap.kind(object) == Kind::Ring {
                Ring::view(heap, object)?.share();
            }
        }
        heap.copy_holds(*me, child)
    }

    /// The child was started. From now on its end is noticed; `on_end` is called on the keeper's
    /// thread once it has ended and what it held is released. It must not block.
    ///
    /// # Errors
    /// The keeper cannot be started.
    pub fn started(
        mut self,
        sentinel: impl Into<Sentinel>,
        on_end: Box<dyn FnOnce() + Send>,
    ) -> io::Result<Guest> {
        let id = self.child.ok_or(io::ErrorKind::InvalidInput)?;
        let line = Arc::clone(&self.line.ours);
        let ward = Ward {
            id,
            sentinel: sentinel.into(),
            line: Some(Arc::clone(&line)),
            on_end: Some(on_end),
            swept: false,
        };
        self.program.keeper.watch(ward)?;
        self.child = None;
        Ok(Guest { program: self.program, line, id, heard: OnceLock::new() })
    }
}

impl Drop for Invitation {
    fn drop(&mut self) {
        if let Some(child) = self.child {
            sweep(&self.program.heap, self.program.me, child);
        }
    }
}

/// A child that was started.
#[derive(Debug)]
pub struct Guest {
    program: &'static Program,
    line: Arc<Ours>,
    id: ProcessId,
    heard: OnceLock<Heard>,
}

impl Guest {
    /// What the child said if it would not join; never waits. Asked after the child's end, the answer
    /// is final.
    pub fn refusal(&self) -> Option<Refusal> {
        postcard::from_bytes(self.heard()?.answer.as_deref()?).ok()
    }

    /// Whether the child ever took the greeting: if not, its `main` ended without
    /// `proc_spawn::init()`. Meaningful after the child's end.
    pub fn greeted(&self) -> bool {
        self.heard().is_none_or(|heard| heard.greeted)
    }

    fn heard(&self) -> Option<&Heard> {
        if let Some(heard) = self.heard.get() {
            return Some(heard);
        }
        let heard = self.line.heard()?;
        Some(self.heard.get_or_init(|| heard))
    }

    /// Releases what the child held, unless that is done already, as the keeper does as well: who has
    /// seen the child's end (its sentinel is ready) need not wait for that thread.
    pub fn sweep(&self) {
        sweep(&self.program.heap, self.program.me, self.id);
    }

    /// The child's name in the program.
    pub fn process(&self) -> ProcessId {
        self.id
    }
}

/// What a child finds when it has joined.
#[derive(Debug)]
pub struct Arrival {
    /// What it is to do.
    pub arguments: Parcel,
    /// Its name.
    pub name: String,
    /// Whether it is to end with its parent.
    pub daemon: bool,
    /// The system's id of the process that started it.
    pub parent_id: u32,
    /// That process's name.
    pub parent_name: String,
}

/// Opens `/dev/null` for each standard stream that this process does not have, as [`join`] does: nothing else gets its
/// number then.
///
/// # Errors
/// It cannot be opened.
pub fn fill_streams() -> io::Result<()> {
    streams::fill()
}

/// Whether this process was started by another one of its program and has not joined yet. Has no
/// side effect.
pub fn arrived() -> bool {
    line::arrived(&MAGIC)
}

/// Joins the program. Called once, in a process for which [`arrived`] says yes.
///
/// # Errors
/// Why it cannot. The parent was told already.
pub fn join() -> Result<Arrival, Refusal> {
    let system = |error: io::Error| Refusal::System(error.to_string());
    let line = streams::fill().and_then(|()| line::take()).map_err(system);
    line.and_then(join_on).inspect_err(refuse)
}

/// Tells the parent why this process will not join, in place of [`join`] or after it.
pub fn refuse(refusal: &Refusal) {
    // A parent that is gone needs no answer.
    line::answer(&refusal.encode());
}

impl Refusal {
    pub(crate) fn encode(&self) -> Vec<u8> {
        postcard::to_allocvec(self).unwrap_or_default()
    }
}

fn join_on(line: &Theirs) -> Result<Arrival, Refusal> {
    let system = |error: &dyn fmt::Display| Refusal::System(error.to_string());
    let mut bytes = [0; LONGEST];
    let (len, heap) = line.greeting(&mut bytes).map_err(|error| system(&error))?;
    let greeting = Greeting::decode(&bytes[..len]).map_err(|error| system(&error))?;
    let build = &image::main().build_id;
    if greeting.build != build {
        let parent = greeting.build.to_owned();
        return Err(Refusal::OtherBuild { parent, child: build.clone() });
    }
    // Told of the parent by another number than its own, or by none, this process is in another namespace.
    if !line.is_from(greeting.parent_pid).map_err(|error| system(&error))? {
        let why = "a program cannot span PID namespaces: process ids would not mean the same";
        return Err(Refusal::System(why.to_owned()));
    }
    let no_heap = || Refusal::System("the greeting came without the heap".to_owned());
    let place = ProcessId::from_raw(greeting.place).ok_or_else(no_heap)?;
    let parent = ProcessId::from_raw(greeting.parent).ok_or_else(no_heap)?;
    let program = Program::join(heap.ok_or_else(no_heap)?, place, parent)
        .map_err(|error| system(&error))?
        .ok_or_else(|| Refusal::System("the parent is gone".to_owned()))?;
    let (index, generation) = greeting.arguments;
    let id = HoldId { index, generation };
    let object = program
        .heap
        .held(id, Owner::Process(place))
        .ok_or_else(|| Refusal::Entry("the arguments are not there".to_owned()))?;
    Ok(Arrival {
        arguments: Parcel::from_hold(Hold::new(program, id, object)),
        name: greeting.name.to_owned(),
        daemon: greeting.daemon,
        parent_id: greeting.parent_pid,
        parent_name: greeting.parent_name.to_owned(),
    })
}

/// Calls `f` when the process that started this one is gone, however it ended, be it that it became another program: on
/// the keeper's thread, or at once if it is gone already. Only the last such call counts. `f` must not block.
///
/// # Errors
/// This process cannot belong to a program, or the keeper cannot be started.
pub fn on_parent_end(f: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    Program::current()?.keeper.on_parent_end(f)
}
