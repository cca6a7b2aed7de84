//! A process that the system gives nothing more notices the ends of others all the same, and serves who is left.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "limits the descriptors of a process, and kills another")]

mod watchdog;

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use ipc::{Address, Client, Listener, Receiver, RecvError, Sender, Value, channel};
use proc_spawn::Process;
use sync_prims::{PoisonCause, TryLockError};
use watchdog::watch;

proc_spawn::enable_test_support!();

const KEY: &[u8] = b"correct horse battery staple";

/// Says who it is, and stays as long as the family is there.
fn grandchild(here: Sender<u32>, stay: Receiver<()>) {
    here.send(std::process::id()).unwrap();
    let _ = stay.recv();
}

/// Has a child, and ends when it is told to.
fn child(here: Sender<u32>, stay: Receiver<()>, go: Receiver<()>) {
    std::mem::forget(Process::spawn(grandchild, (here, stay)).unwrap());
    let _ = go.recv();
    std::process::abort();
}

/// Tells what the thread with that name does, which has been started.
fn state_of(name: &str) -> File {
    let is_named = |thread: &PathBuf| {
        fs::read_to_string(thread.join("comm")).is_ok_and(|comm| comm.trim() == name)
    };
    loop {
        let threads = fs::read_dir("/proc/self/task").unwrap();
        // It gives itself its name.
        if let Some(thread) = threads.map(|thread| thread.unwrap().path()).find(is_named) {
            return File::open(thread.join("stat")).unwrap();
        }
        thread::yield_now();
    }
}

fn sleeps(state: &File) -> bool {
    let mut stat = [0; 64];
    let len = state.read_at(&mut stat, 0).unwrap();
    // The name is in brackets, and the state follows.
    String::from_utf8_lossy(&stat[..len]).contains(") S")
}

fn take_no_more_descriptors() {
    let none = libc::rlimit { rlim_cur: 3, rlim_max: 3 };
    // SAFETY: the kernel reads one rlimit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) }, 0);
}

/// Its child dies, and it has no descriptor to watch the grandchild by.
fn family() {
    let (here, theirs) = channel::<u32>(1).unwrap();
    let (go, go_on) = channel::<()>(1).unwrap();
    let (_family, stay) = channel::<()>(1).unwrap();
    let child = Process::spawn(child, (here, stay, go_on)).unwrap();
    let grandchild = theirs.recv().unwrap();
    let keeper = state_of("tandem-keeper");
    take_no_more_descriptors();
    drop(go);
    child.join().unwrap_err();
    // The keeper has told of that end, and looks around now; then it sleeps.
    while !sleeps(&keeper) {
        thread::yield_now();
    }
    // SAFETY: it is not a process of this one's to reap, so the number is its own until it is dead.
    assert_eq!(unsafe { libc::kill(grandchild as i32, libc::SIGKILL) }, 0);
    assert!(matches!(theirs.recv(), Err(RecvError::Disconnected)));
}

#[test]
fn an_orphan_that_nobody_could_watch_is_found_dead_all_the_same() {
    let _watchdog = watch("a family without descriptors");
    Process::spawn(family, ()).unwrap().join().unwrap();
}

/// Leaves a lock in the hands of a thread that has ended, and stays.
fn holder(value: Value<u64>, here: Sender<()>, stay: Receiver<()>) {
    thread::scope(|scope| {
        scope.spawn(|| std::mem::forget(value.lock()));
    });
    here.send(()).unwrap();
    let _ = stay.recv();
}

/// Waits for the lock without a descriptor for who has it.
fn heir() {
    let value = Value::locked(1u64).unwrap();
    let (here, theirs) = channel::<()>(1).unwrap();
    let (_holder, stay) = channel::<()>(1).unwrap();
    let holder = Process::spawn(holder, (value.clone(), here, stay)).unwrap();
    theirs.recv().unwrap();
    take_no_more_descriptors();
    let in_vain = value.lock_timeout(Duration::from_millis(20));
    assert!(matches!(in_vain, Err(TryLockError::WouldBlock)));
    thread::scope(|scope| {
        let waits = scope.spawn(|| value.lock().map(drop).map_err(|poisoned| poisoned.cause()));
        holder.kill().unwrap();
        assert_eq!(waits.join().unwrap(), Err(PoisonCause::OwnerDied { pid: holder.id() }));
    });
}

#[test]
fn a_dead_owners_lock_goes_on_to_who_has_no_descriptor_to_wait_by() {
    let _watchdog = watch("an heir without descriptors");
    Process::spawn(heir, ()).unwrap().join().unwrap();
}

/// Listens with so few descriptors that strangers can have them all.
fn listener(address: Sender<SocketAddr>, short: Sender<()>) {
    let listener = Listener::bind(&Address::Tcp(([127, 0, 0, 1], 0).into()), KEY).unwrap();
    let Address::Tcp(at) = *listener.address() else { unreachable!() };
    let highest = fs::read_dir("/proc/self/fd")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().parse::<u64>().unwrap());
    let few = highest.max().unwrap() + 8;
    let few = libc::rlimit { rlim_cur: few, rlim_max: few };
    // SAFETY: the kernel reads one rlimit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const few) }, 0);
    address.send(at).unwrap();
    let mut served = loop {
        match listener.accept::<(), u32>() {
            Err(error) if error.raw_os_error() == Some(libc::EMFILE) => drop(short.try_send(())),
            served => break served.unwrap(),
        }
    };
    assert_eq!(served.recv().unwrap(), 7);
}

#[test]
fn strangers_that_have_gone_leave_their_descriptors_to_a_client() {
    let _watchdog = watch("a listener without descriptors");
    let (address, is_at) = channel(1).unwrap();
    let (short, is_short) = channel(1).unwrap();
    let listener = Process::builder().daemon(true).spawn(listener, (address, short)).unwrap();
    let at = is_at.recv().unwrap();
    let strangers: Vec<_> = (0..30).map(|_| TcpStream::connect(at).unwrap()).collect();
    is_short.recv().unwrap();
    drop(strangers);
    Client::connect::<u32, ()>(&Address::Tcp(at), KEY).unwrap().send(7).unwrap();
    listener.join().unwrap();
}
