//! This process's membership in its program.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sync_prims::process;

use crate::handle::Kept;
use crate::heap::{Heap, NewProcess, ProcessId, Usage};
use crate::process::{Keeper, Life};
use crate::rendezvous;
use crate::sys::memory::Memory;
use crate::sys::{fork, life, streams};
use crate::wait::Bridge;

/// What every handle of this process refers to. There is one in a process, made when it is first
/// needed: here a process is a root and founds a program of its own, unless it was started as a
/// child, which joins its parent's.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) heap: Arc<Heap>,
    pub(crate) me: ProcessId,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) bridge: Bridge,
    pub(crate) kept: Kept,
    /// What this process is since it is the child of a fork and has joined.
    pub(crate) forked: OnceLock<Box<Program>>,
}

/// The first membership of this process or of the one that it is a fork of.
static PROGRAM: OnceLock<Program> = OnceLock::new();
static ENTERING: Mutex<()> = Mutex::new(());

impl Program {
    /// The program of this process.
    pub(crate) fn current() -> io::Result<&'static Program> {
        if fork::forked() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "this process was forked from a process of the program and is no part of it: \
                 start processes with proc_spawn",
            ));
        }
        if let Some(program) = Program::latest() {
            return Ok(program);
        }
        let _entering = ENTERING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = Program::latest() {
            return Ok(program);
        }
        if rendezvous::arrived() {
            return Err(io::Error::other(
                "this is a child process that has not joined its program yet: call \
                 proc_spawn::init() as the first line of main",
            ));
        }
        streams::fill()?;
        let heap = Arc::new(Heap::create()?);
        let me = heap.reserve(NewProcess { parent: None, name: "main" })?;
        fork::watch()?;
        let program = Program::enter(heap, me, None)?;
        let program = program.ok_or_else(|| io::Error::other("the new heap is taken"))?;
        Ok(PROGRAM.get_or_init(|| program))
    }

    /// The program that the holds of this process are in. In a child of a plain fork it is the parent's.
    #[inline]
    pub(crate) fn of_holds() -> &'static Program {
        Program::latest().expect("a hold is made by a program")
    }

    #[inline]
    fn latest() -> Option<&'static Program> {
        let mut program = PROGRAM.get()?;
        while let Some(forked) = program.forked.get() {
            program = forked;
        }
        Some(program)
    }

    /// Joins the program that `memory` is the heap of, at the place that the parent kept. `None` if that
    /// place was given up because the parent is gone.
    pub(crate) fn join(
        memory: Memory,
        me: ProcessId,
        parent: ProcessId,
    ) -> io::Result<Option<&'static Program>> {
        let _entering = ENTERING.lock().unwrap_or_else(PoisonError::into_inner);
        if PROGRAM.get().is_some() {
            return Err(io::Error::other("this process belongs to a program already"));
        }
        // A fork server makes its children so, and what it has loaded may have used a lock.
        process::notice_fork();
        fork::watch()?;
        let program = Program::enter(Arc::new(Heap::open(memory)?), me, Some(parent))?;
        Ok(program.map(|program| PROGRAM.get_or_init(|| program)))
    }

    pub(crate) fn enter(
        heap: Arc<Heap>,
        me: ProcessId,
        parent: Option<ProcessId>,
    ) -> io::Result<Option<Program>> {
        // The mark first: whoever sees this process in the table may look for it.
        life::hold(heap.memory(), Heap::life_byte(me))?;
        if !heap.join(me, std::process::id()) {
            return Ok(None);
        }
        let life = Life::new(Arc::clone(&heap), me);
        let keeper = Arc::new(Keeper::new(Arc::clone(&heap), me, parent)?);
        heap.register_locks(Arc::new(life))?;
        let (bridge, kept) = (Bridge::default(), Kept::default());
        Ok(Some(Program { heap, me, keeper, bridge, kept, forked: OnceLock::new() }))
    }
}

/// What the program's shared memory is used for at the moment, over all its processes. For tests and
/// diagnosis: it looks at every object.
///
/// # Errors
/// This process cannot belong to a program.
///
/// # Examples
///
/// ```
/// let before = ipc::usage()?.objects;
/// let value = ipc::Shared::new(7u64)?;
/// assert_eq!(ipc::usage()?.objects, before + 1);
/// drop(value);
/// assert_eq!(ipc::usage()?.objects, before);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn usage() -> io::Result<Usage> {
    Ok(Program::current()?.heap.usage())
}
