//! The line between a process and a child that it starts: a letter in shared memory, which only the two know.
//!
//! The child is started suspended; then its parent puts a letter where the child, and nobody else, looks for it:
//! under its process id and the time that it was created at. The letter has the greeting, says whose memory the
//! heap is, and has room for an answer. There is no exec, so nothing has to hang up.
#![expect(unsafe_code, reason = "asks for the times of processes")]

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use windows_sys::Win32::Foundation::{FILETIME, HANDLE};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessId, GetProcessTimes};

use super::descriptor::Descriptor;
use super::memory::{self, Map, Memory};
use super::object::checked;
use super::sleep::is_signalled;
use crate::rendezvous::Invitation;
use crate::sys::access;

/// No message is longer.
pub(crate) const LONGEST: usize = 4096;

/// Offsets of words in a letter: whether it was taken, and how long the greeting and the answer are.
const TAKEN: usize = 0;
const GREETING: usize = 8;
const ANSWER: usize = 16;
/// The number and the size of the heap's memory.
const HEAP: usize = 24;
/// Where the two texts lie.
const GREETING_TEXT: usize = 64;
const ANSWER_TEXT: usize = GREETING_TEXT + LONGEST;
const SIZE: usize = ANSWER_TEXT + LONGEST;

/// Where a letter is for the process with this handle.
fn address(process: HANDLE) -> io::Result<u128> {
    const NEVER: FILETIME = FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 };
    let (mut created, mut rest) = (NEVER, [NEVER; 3]);
    let [exited, kernel, user] = rest.each_mut().map(std::ptr::from_mut);
    // SAFETY: a process that is open, and locals to write to.
    let pid = unsafe {
        checked(GetProcessTimes(process, &raw mut created, exited, kernel, user))?;
        GetProcessId(process)
    };
    let created = u128::from(created.dwHighDateTime) << 32 | u128::from(created.dwLowDateTime);
    Ok(u128::from(pid) << 64 | created)
}

#[derive(Debug)]
struct Letter {
    map: Map,
    memory: Memory,
}

impl Letter {
    fn in_memory(memory: Memory) -> io::Result<Letter> {
        let map = memory::map(&memory, SIZE as u64)?;
        Ok(Letter { map, memory })
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        access::word(&self.map, at).expect("a word of the letter")
    }

    /// Writes a text, and then how long it is.
    fn put(&self, length: usize, at: usize, text: &[u8]) -> io::Result<()> {
        access::write(&self.map, text, at)?;
        // Release pairs with the Acquire of `get`.
        self.word(length).store(text.len() as u64, Ordering::Release);
        Ok(())
    }

    /// A text; none has no bytes.
    fn get(&self, length: usize, at: usize) -> io::Result<Vec<u8>> {
        // Acquire pairs with the Release of `put`.
        let len = self.word(length).load(Ordering::Acquire) as usize;
        let mut text = vec![0; len.min(LONGEST)];
        access::read(&self.map, &mut text, at)?;
        Ok(text)
    }
}

/// The line, before the child is started.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) ours: Arc<Ours>,
}

impl Line {
    pub(crate) fn new() -> io::Result<Line> {
        Ok(Line { ours: Arc::default() })
    }
}

/// The end of who starts a child.
#[derive(Debug, Default)]
pub(crate) struct Ours {
    greeting: Mutex<Greeting>,
    /// Once there is a child to read it.
    letter: OnceLock<(Letter, OwnedHandle)>,
}

#[derive(Debug, Default)]
struct Greeting {
    text: Vec<u8>,
    heap: (u128, u64),
}

/// What came over the line, once the child is gone.
#[derive(Debug)]
pub(crate) struct Heard {
    /// It took the greeting.
    pub(crate) greeted: bool,
    pub(crate) answer: Option<Vec<u8>>,
}

impl Ours {
    /// Leaves the greeting, and the memory, for the child.
    pub(crate) fn greet(&self, greeting: &[u8], memory: &Memory) -> io::Result<()> {
        let heap = (memory::name(memory).unwrap_or_default(), memory::size(memory));
        let mut left = self.greeting.lock().unwrap_or_else(PoisonError::into_inner);
        *left = Greeting { text: greeting.to_vec(), heap };
        Ok(())
    }

    /// Nothing hangs up before the child ends.
    pub(crate) fn hang_up(&self) -> Option<Descriptor<'_>> {
        None
    }

    /// `None` until the child is gone.
    pub(crate) fn heard(&self) -> Option<Heard> {
        let (letter, child) = self.letter.get()?;
        if !is_signalled(child.as_raw_handle()) {
            return None;
        }
        // Relaxed: nobody writes any more.
        let greeted = letter.word(TAKEN).load(Ordering::Relaxed) != 0;
        let answer = letter.get(ANSWER, ANSWER_TEXT).ok().filter(|answer| !answer.is_empty());
        Some(Heard { greeted, answer })
    }
}

impl Invitation {
    /// Puts the greeting where `child` looks for it: a process of this program that was started suspended, and is
    /// resumed after this.
    ///
    /// # Errors
    /// The system has no memory left, or the handle does not allow to ask about its process and to give it another
    /// one. The child must not be resumed then: it would take itself for a program of its own.
    pub fn deliver(&self, child: BorrowedHandle<'_>) -> io::Result<()> {
        let ours = &self.line.ours;
        let greeting = ours.greeting.lock().unwrap_or_else(PoisonError::into_inner);
        let address = address(child.as_raw_handle())?;
        let letter = Letter::in_memory(memory::create_committed(address, SIZE as u64)?)?;
        access::write(&letter.map, &greeting.heap.0.to_le_bytes(), HEAP)?;
        access::write(&letter.map, &greeting.heap.1.to_le_bytes(), HEAP + 16)?;
        letter.put(GREETING, GREETING_TEXT, &greeting.text)?;
        // It finds it also when this process is killed before it looks.
        memory::keep_for(child.as_raw_handle(), &letter.memory)?;
        let child = child.try_clone_to_owned()?;
        ours.letter.set((letter, child)).map_err(|_| io::ErrorKind::AlreadyExists.into())
    }
}

/// The end of the child, once it has taken it.
#[derive(Debug)]
pub(crate) struct Theirs(Letter);

impl Theirs {
    /// Takes the greeting and the memory.
    pub(crate) fn greeting(&self, into: &mut [u8]) -> io::Result<(usize, Option<Memory>)> {
        let text = self.0.get(GREETING, GREETING_TEXT)?;
        let (mut id, mut size) = ([0; 16], [0; 8]);
        access::read(&self.0.map, &mut id, HEAP)?;
        access::read(&self.0.map, &mut size, HEAP + 16)?;
        into[..text.len()].copy_from_slice(&text);
        match memory::open(u128::from_le_bytes(id), u64::from_le_bytes(size)) {
            Ok(heap) => Ok((text.len(), Some(heap))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((text.len(), None)),
            Err(error) => Err(error),
        }
    }

    /// A process has the same id for all others.
    pub(crate) fn is_from(&self, _: u32) -> io::Result<bool> {
        Ok(true)
    }
}

/// The letter for this process, if there is one.
fn find() -> io::Result<Letter> {
    // SAFETY: takes nothing; what it gives need not be closed.
    let address = address(unsafe { GetCurrentProcess() })?;
    Letter::in_memory(memory::open(address, SIZE as u64)?)
}

static LINE: OnceLock<Theirs> = OnceLock::new();

/// Whether a letter waits for this process that begins so.
pub(crate) fn arrived(magic: &[u8; 16]) -> bool {
    // Relaxed: only this process takes it.
    let waits = |letter: &Letter| letter.word(TAKEN).load(Ordering::Relaxed) == 0;
    let greeting = |letter: &Letter| letter.get(GREETING, GREETING_TEXT);
    find().is_ok_and(|letter| {
        waits(&letter) && greeting(&letter).is_ok_and(|text| text.starts_with(magic))
    })
}

/// Takes it, for as long as the process lives. Called when it is known to be ours.
pub(crate) fn take() -> io::Result<&'static Theirs> {
    if let Some(line) = LINE.get() {
        return Ok(line);
    }
    let letter = find()?;
    // Relaxed: read by the parent when this process is gone.
    letter.word(TAKEN).store(1, Ordering::Relaxed);
    Ok(LINE.get_or_init(|| Theirs(letter)))
}

/// Nothing hangs up before the parent ends.
pub(crate) fn hang_up() -> Option<Descriptor<'static>> {
    None
}

/// Tells who started this process something, in place of joining. Nobody hears it if they are gone.
pub(crate) fn answer(bytes: &[u8]) {
    if let Ok(line) = take() {
        let _ = line.0.put(ANSWER, ANSWER_TEXT, &bytes[..bytes.len().min(LONGEST)]);
    }
}
