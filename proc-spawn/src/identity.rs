//! Who this process is, and who is near.
#![expect(unsafe_code, reason = "refers to what was leaked by an atomic pointer")]

use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering, Ordering::Relaxed};
use std::{process, ptr};

use crate::children;
use crate::error::SpawnError;
use crate::sys::end::Reference;
use crate::sys::runtime;

/// Null in a program's first process. What was stored is never freed.
static CHILD: AtomicPtr<Child> = AtomicPtr::new(ptr::null_mut());

fn child() -> Option<&'static Child> {
    // Acquire pairs with the Release of `set`.
    // SAFETY: null, or what `set` has leaked.
    unsafe { CHILD.load(Ordering::Acquire).as_ref() }
}

/// What a process that this crate started knows of itself.
#[derive(Debug)]
struct Child {
    name: String,
    daemon: bool,
    lineage: Vec<u32>,
    parent: Parent,
    /// None if the parent had ended before this process could take hold of it.
    parent_end: Option<Reference>,
}

/// This process. See [`current`].
#[derive(Clone, Debug)]
pub struct CurrentProcess {
    id: u32,
    name: String,
    daemon: bool,
}

impl CurrentProcess {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The name it was started under, or `MainProcess`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it ends with its parent.
    pub fn is_daemon(&self) -> bool {
        self.daemon
    }
}

/// The process that started this one. See [`parent`].
#[derive(Clone, Debug)]
pub struct Parent {
    /// Its process id.
    pub id: u32,
    /// The name it was started under, or `MainProcess`.
    pub name: String,
}

impl Parent {
    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        let end = child().and_then(|child| child.parent_end.as_ref());
        // "Ended" is what the kernel must say; if it says nothing, the parent lives.
        end.is_some_and(|end| !end.has_ended().unwrap_or(false))
    }
}

/// A child of this process. See [`active_children`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildInfo {
    /// Its process id.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Whether it ends with this process.
    pub daemon: bool,
}

/// This process.
pub fn current() -> CurrentProcess {
    CurrentProcess { id: process::id(), name: name().to_owned(), daemon: is_daemon() }
}

/// The process whose [`Process::spawn`](crate::Process::spawn) started this one, or `None` in the
/// program's first process.
pub fn parent() -> Option<Parent> {
    child().map(|child| child.parent.clone())
}

/// The children of this process that run now, in the order they were started. [Python's
/// `active_children`]
pub fn active_children() -> Vec<ChildInfo> {
    children::all()
        .iter()
        .filter(|child| child.fate().is_none())
        .map(|child| ChildInfo { id: child.id, name: child.name.clone(), daemon: child.daemon })
        .collect()
}

/// How many processors this process may use: its affinity and, on Linux, its control group's
/// quota count. Never 0.
pub fn cpu_count() -> usize {
    runtime::cpu_count()
}

/// The most memory that the process with this id has had at a time, in bytes, what it shares with others
/// included. `None` if there is no such process. Ids are used again: ask of one that runs.
pub fn peak_memory(id: u32) -> Option<u64> {
    runtime::peak_memory(id)
}

/// Descendants of descendants there may be. Nobody plans for so many.
const MOST_GENERATIONS: usize = 64;

/// How many children this process has started.
static STARTED: AtomicU32 = AtomicU32::new(0);

/// Sets what this process, a child, is.
pub(crate) fn set(name: String, daemon: bool, lineage: Vec<u32>, parent: Parent) {
    let parent_end = Reference::open_parent(parent.id);
    let child = Box::new(Child { name, daemon, lineage, parent, parent_end });
    // Release pairs with the Acquire of `child`.
    CHILD.store(Box::into_raw(child), Ordering::Release);
    STARTED.store(0, Relaxed);
}

/// The name of this process.
pub(crate) fn name() -> &'static str {
    child().map_or("MainProcess", |child| &child.name)
}

/// Whether this process ends with its parent.
pub(crate) fn is_daemon() -> bool {
    child().is_some_and(|child| child.daemon)
}

/// The place of the next child in the family: which child of which child of the first process.
///
/// It ends with the 64th generation: who gets there starts itself.
pub(crate) fn next_lineage() -> Result<Vec<u32>, SpawnError> {
    let mut lineage = child().map(|child| child.lineage.clone()).unwrap_or_default();
    if lineage.len() >= MOST_GENERATIONS {
        return Err(SpawnError::TooDeep { generations: lineage.len() });
    }
    lineage.push(STARTED.fetch_add(1, Relaxed) + 1);
    Ok(lineage)
}

/// The name of a child that was given none: `Process-1`, its second child `Process-1:2`.
pub(crate) fn default_name(lineage: &[u32]) -> String {
    let numbers: Vec<_> = lineage.iter().map(u32::to_string).collect();
    format!("Process-{}", numbers.join(":"))
}
