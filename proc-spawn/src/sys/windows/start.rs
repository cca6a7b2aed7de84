//! Starts this program's file anew, by CreateProcessW.
//!
//! The child is suspended until the letter that tells it what it is started for has been put where it looks. It is in
//! a job from its birth on, which ends it when this process ends: for a daemon for good, for any other
//! only while it is suspended, when nobody else could end it.
//!
//! **Handles.** The child has its standard streams, and no other handle of ours, whether that can be inherited or not.
#![expect(unsafe_code, reason = "CreateProcessW and its attributes are foreign functions")]

use std::env;
use std::ffi::{OsString, c_void};
use std::fs::File;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::path::Path;
use std::ptr;

use ipc::rendezvous::Invitation;
use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::System::Console::{
    GetStdHandle, STD_ERROR_HANDLE, STD_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
};
use windows_sys::Win32::System::Environment::GetCommandLineW;
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_SUSPENDED, CREATE_UNICODE_ENVIRONMENT, CreateProcessW,
    DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT, GetCurrentProcess,
    InitializeProcThreadAttributeList, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
    PROC_THREAD_ATTRIBUTE_JOB_LIST, PROCESS_INFORMATION, ResumeThread, STARTF_USESTDHANDLES,
    STARTUPINFOEXW, UpdateProcThreadAttribute,
};

use super::end::Reference;
use super::job::Job;
use super::object::{checked, owned, wide};
use super::runtime::compare;

/// What a child is started with.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// The file to start, if not the one that this process runs.
    pub(crate) image: Option<&'a Path>,
    pub(crate) handover: Handover<'a>,
    /// Become the child's standard streams; where there is none it inherits ours.
    pub(crate) streams: [Option<BorrowedHandle<'a>>; 3],
    /// Where the child begins.
    pub(crate) directory: Option<&'a Path>,
    /// All of its environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Ctrl-C is nothing to the child until it has made up its mind about it.
    pub(crate) hold_interrupt: bool,
}

/// What tells the child what it is started for.
#[derive(Debug)]
pub(crate) struct Handover<'a> {
    invitation: &'a Invitation,
    is_daemon: bool,
}

/// What a child is handed over by.
pub(crate) fn handover(invitation: &Invitation, is_daemon: bool) -> Handover<'_> {
    Handover { invitation, is_daemon }
}

/// Starts the child.
pub(crate) fn start(start: Start<'_>) -> io::Result<(u32, Reference)> {
    let image = match start.image {
        Some(image) => wide(image.as_os_str())?,
        None => wide(env::current_exe()?.as_os_str())?,
    };
    let mut arguments = own_command_line();
    let environment = block(start.environment);
    let directory = start.directory.map(|path| wide(path.as_os_str())).transpose()?;
    let directory = directory.as_ref().map_or(ptr::null(), |path| path.as_ptr());

    let job = Job::that_ends_with_us()?;
    let streams = Streams::new(start.streams)?;
    let (mut jobs, mut inherited) = ([job.handle()], streams.handles());
    let mut attributes = Attributes::new()?;
    attributes.set(PROC_THREAD_ATTRIBUTE_JOB_LIST, &mut jobs)?;
    if !inherited.is_empty() {
        attributes.set(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &mut inherited)?;
    }

    let mut startup = STARTUPINFOEXW::default();
    startup.StartupInfo.cb = size_of_val(&startup) as u32;
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    let [stdin, stdout, stderr] = streams.each();
    startup.StartupInfo.hStdInput = stdin;
    startup.StartupInfo.hStdOutput = stdout;
    startup.StartupInfo.hStdError = stderr;
    startup.lpAttributeList = attributes.as_mut_ptr();
    let group = if start.hold_interrupt { CREATE_NEW_PROCESS_GROUP } else { 0 };
    let flags =
        CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT | group;

    let mut made = PROCESS_INFORMATION::default();
    // SAFETY: the texts end with zero and the block with two; the command line may be written to. The startup
    // information is the extended one, as a flag says, and what it points to lives until the call returns.
    checked(unsafe {
        CreateProcessW(
            image.as_ptr(),
            arguments.as_mut_ptr(),
            ptr::null(),
            ptr::null(),
            i32::from(!inherited.is_empty()),
            flags,
            environment.as_ptr().cast(),
            directory,
            &raw const startup.StartupInfo,
            &raw mut made,
        )
    })?;
    drop((attributes, streams));
    // SAFETY: the call has just given both.
    let (process, thread) = unsafe { (owned(made.hProcess)?, owned(made.hThread)?) };
    // Where this fails, the job ends the child when it is dropped.
    start.handover.invitation.deliver(process.as_handle())?;
    // SAFETY: a thread that is open. It says how often the thread was suspended.
    if unsafe { ResumeThread(thread.as_raw_handle()) } == u32::MAX {
        return Err(io::Error::last_os_error());
    }
    // It runs, so there is no way back: one that cannot be let go ends with us, as a daemon does.
    let ends_with_us = start.handover.is_daemon || job.let_go().is_err();
    Ok((made.dwProcessId, Reference::of_child(process, ends_with_us.then_some(job))))
}

/// `NUL`, for reading and writing.
pub(crate) fn open_null() -> io::Result<OwnedHandle> {
    File::options().read(true).write(true).open("NUL").map(OwnedHandle::from)
}

/// Borrows handles.
pub(crate) fn lend(owned: &[Option<OwnedHandle>; 3]) -> [Option<BorrowedHandle<'_>>; 3] {
    owned.each_ref().map(|owned| owned.as_ref().map(AsHandle::as_handle))
}

/// The one that this process was started with, as it is: nobody need divide or quote it.
fn own_command_line() -> Vec<u16> {
    // SAFETY: the text ends with zero, and stays as long as the process.
    unsafe {
        let text = GetCommandLineW();
        let len = (0..).take_while(|&at| *text.add(at) != 0).count();
        std::slice::from_raw_parts(text, len + 1).to_vec()
    }
}

/// The variables one after the other, each with a zero at its end, in the order that the system wants.
fn block(environment: Vec<(OsString, OsString)>) -> Vec<u16> {
    let wide = |(name, value): (OsString, _)| (name.encode_wide().collect::<Vec<_>>(), value);
    let mut variables: Vec<_> = environment.into_iter().map(wide).collect();
    variables.sort_by(|(one, _), (other, _)| compare(one, other));
    let mut block = Vec::new();
    for (name, value) in variables {
        block.extend(name);
        block.push(u16::from(b'='));
        block.extend(value.encode_wide());
        block.push(0);
    }
    // One zero is the end; of an empty block, two.
    block.extend([0, 0]);
    block
}

/// The standard streams of a child, in handles that it inherits. They are open here until it is created: a program that
/// another library starts meanwhile, without saying what it inherits, has them as well.
struct Streams([Option<OwnedHandle>; 3]);

impl Streams {
    fn new(given: [Option<BorrowedHandle<'_>>; 3]) -> io::Result<Self> {
        const OURS: [STD_HANDLE; 3] = [STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE];
        let mut streams = [const { None }; 3];
        for ((stream, given), ours) in streams.iter_mut().zip(given).zip(OURS) {
            *stream = match given {
                Some(given) => Some(inheritable(given.as_raw_handle())?),
                // SAFETY: takes a number; what it gives is not ours to close. A process may have none, or one
                // that was closed: its child has none then.
                None => match unsafe { GetStdHandle(ours) } {
                    INVALID_HANDLE_VALUE => None,
                    handle if handle.is_null() => None,
                    handle => inheritable(handle).ok(),
                },
            };
        }
        Ok(Self(streams))
    }

    /// The three, or null.
    fn each(&self) -> [HANDLE; 3] {
        let raw = |stream: &OwnedHandle| stream.as_raw_handle();
        self.0.each_ref().map(|stream| stream.as_ref().map_or(ptr::null_mut(), raw))
    }

    /// Those that there are.
    fn handles(&self) -> Vec<HANDLE> {
        self.0.iter().flatten().map(AsRawHandle::as_raw_handle).collect()
    }
}

/// A duplicate that can be inherited.
fn inheritable(handle: HANDLE) -> io::Result<OwnedHandle> {
    let mut copy = ptr::null_mut();
    // SAFETY: a handle that somebody has open, or one that is refused; the new one is nobody else's.
    unsafe {
        let this = GetCurrentProcess();
        let same = DUPLICATE_SAME_ACCESS;
        checked(DuplicateHandle(this, handle, this, &raw mut copy, 0, 1, same))?;
        owned(copy)
    }
}

/// A list of attributes of a start, with room for two. It points to what each was set to.
struct Attributes(Vec<usize>);

impl Attributes {
    fn new() -> io::Result<Self> {
        const ROOM: u32 = 2;
        let mut size = 0;
        // SAFETY: without a list it only says the size of one.
        unsafe { InitializeProcThreadAttributeList(ptr::null_mut(), ROOM, 0, &raw mut size) };
        let mut list = vec![0_usize; size.div_ceil(size_of::<usize>())];
        // SAFETY: as many bytes as it asked for, aligned for pointers.
        checked(unsafe {
            InitializeProcThreadAttributeList(list.as_mut_ptr().cast(), ROOM, 0, &raw mut size)
        })?;
        Ok(Self(list))
    }

    /// The handles must live until the start.
    fn set(&mut self, attribute: u32, handles: &mut [HANDLE]) -> io::Result<()> {
        let (value, size) = (handles.as_mut_ptr().cast::<c_void>(), size_of_val(handles));
        let (none, list) = (ptr::null_mut(), self.as_mut_ptr());
        // SAFETY: an initialised list. What it points to is read by the start.
        checked(unsafe {
            UpdateProcThreadAttribute(list, 0, attribute as usize, value, size, none, ptr::null())
        })
    }

    fn as_mut_ptr(&mut self) -> *mut c_void {
        self.0.as_mut_ptr().cast()
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: an initialised list, which is not used again.
        unsafe { DeleteProcThreadAttributeList(self.as_mut_ptr()) };
    }
}
