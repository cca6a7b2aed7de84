//! What this crate asks of the operating system. One folder a system; each provides, under the
//! same names:
//!
//! | name | contract |
//! |---|---|
//! | `Descriptor`, `BorrowedDescriptor` | an open file, pipe or socket, owned and lent |
//! | `start::handover(invitation, is_daemon)` | what tells the child what it is started for |
//! | `start::start(Start)` | starts the image that this process runs, even if its file was deleted or replaced, with this process's arguments; the child holds the three standard streams and the hand-over, no other descriptor |
//! | `start::open_null()` | a file that is always empty and takes everything |
//! | `forkserver::start(Start, prepare)` | the same by way of a small process that copies itself, but for the environment |
//! | `forkserver::has_environment(wanted)` | whether its copies begin with this environment |
//! | `forkserver::serve(prepare)` | is that process, and returns in its copies |
//! | `forkserver::end()` | ends it |
//! | `forkserver::hold()` | keeps it as it is while this process forks |
//! | `fork::fork()` | a copy of this process |
//! | `fork::join(invitation)` | in the copy: takes its place in the program |
//! | `end::Reference` | one process, also after its id is used again: signal it, wait for it, look at its status, reap it |
//! | `end::Reference::wait_for_status()` | sleeps while the system knows of the end of a child and does not say how that was |
//! | `end::Reference::open_parent(id)` | the process that started this one and had that id, if it runs |
//! | `end::{ending, exitcode, describe_crash}` | what a status says |
//! | `end::exited(code)` | the status of a process that exited with this code |
//! | `pipe::{to_child, from_child}` | our end and the child's of a pipe, as `std` takes ours |
//! | `pipe::Incoming` | the end of a pipe that is read without waiting, with something to wait for |
//! | `interrupt::ignore()` | keeps the terminal's interrupt from this process, which was started with `hold_interrupt` |
//! | `limits::apply(limits)` | the kernel holds this process, which has one thread, to the limits |
//! | `interrupt::restore()` | undoes it |
//! | `refusal::note_refused_memory(note)` | an abort for want of memory leaves a 1 in `note` |
//! | `refusal::forget()` | undoes it |
//! | `Sentinel` | can be lent as what the system's own ways to wait take, and is `ipc::Waitable` |
//! | `runtime::at_exit(f)` | calls `f` in a normal exit of this process, however it is asked for |
//! | `runtime::leave(code)` | ends this process now and calls nobody |
//! | `runtime::thread_count()` | the threads of this process |
//! | `runtime::name_command(name)` | what process listings show |
//! | `runtime::peak_memory(id)` | the most memory that a process has had at a time, if it runs |
//! | `runtime::cpu_count()` | the processors that this process may use |
//! | `runtime::is_same_variable(one, other)` | whether two names are of the same variable of the environment |
//! | `runtime::exit(code)` | exits normally, as `std::process::exit` |
//! | `spawn::{FLAGS, image, leave_out_others}` | on Unix, what the start needs of one system |
//! | `constructor` | `enable_test_support!`, which runs before `main` |

mod constructor;
pub(crate) mod fate;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(not(target_os = "linux"))]
pub(crate) mod no_forkserver;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    BorrowedDescriptor, Descriptor, end, fork, forkserver, interrupt, limits, pipe, refusal,
    runtime, spawn, start,
};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    BorrowedDescriptor, Descriptor, end, fork, forkserver, interrupt, limits, pipe, refusal,
    runtime, spawn, start,
};
#[cfg(windows)]
pub(crate) use windows::{
    BorrowedDescriptor, Descriptor, end, fork, forkserver, interrupt, limits, pipe, refusal,
    runtime, start,
};

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
compile_error!(
    "proc-spawn has a body for Linux, macOS and Windows only so far: it starts the file anew that this process runs, and \
     waits for the end of a process. PLATFORM.md says what other systems offer for each."
);
