//! Memory by name, and managers, between programs: a stranger is this binary started anew, without an invitation.
#![cfg(windows)]

mod watchdog;

use std::env;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::os::windows::io::AsHandle;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use ipc::{
    Address, Manager, QueueProxy, Sender, ShareableList, ShareableValue, SharedMemory, channel,
    wait,
};
use proc_spawn::{Process, Thread};
use watchdog::watch;
use windows_sys::Win32::Foundation::ERROR_INTERNAL_ERROR;

proc_spawn::enable_test_support!();

/// Nothing takes a tenth of this.
const LONG: Duration = Duration::from_secs(30);
const KEY: &[u8] = b"correct horse battery staple";

/// Another program, which is killed when it is dropped.
struct Stranger(Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts another program, in the role of one of the ignored tests.
fn stranger(role: &str, argument: &str) -> Stranger {
    let mut command = Command::new(env::current_exe().expect("this binary"));
    command.args([role, "--exact", "--ignored", "--nocapture"]).env("TANDEM_TEST", argument);
    loop {
        match command.spawn() {
            // Now and then a process comes to nothing under wine before it begins.
            Err(error) if error.raw_os_error() == Some(ERROR_INTERNAL_ERROR as i32) => {}
            child => return Stranger(child.expect("a child")),
        }
    }
}

/// What [`stranger`] was given.
fn argument() -> String {
    env::var("TANDEM_TEST").expect("started by a test")
}

/// Waits for it to end by itself.
fn end(child: &Stranger) {
    let child = child.0.as_handle();
    assert_eq!(wait(&[&child], Some(LONG)).unwrap(), [0]);
}

#[test]
fn a_name_is_free_when_nobody_has_its_memory() {
    let _watchdog = watch("a name");
    let name = "windows names: \\ and ä, free";
    for _ in 0..2 {
        assert_eq!(SharedMemory::attach(name).unwrap_err().kind(), ErrorKind::NotFound);
        let memory = SharedMemory::create_named(name, 70_000).unwrap();
        let taken = SharedMemory::create_named(name, 1).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
        let same = SharedMemory::attach(name).unwrap();
        assert_eq!(same.len(), 70_000);
        memory.write_at(b"hello", 69_995).unwrap();
        drop(memory);
        let mut bytes = [0; 5];
        same.read_at(&mut bytes, 69_995).unwrap();
        assert_eq!(&bytes, b"hello");
    }
}

#[test]
fn a_name_that_was_taken_away_leads_to_other_memory() {
    let _watchdog = watch("a name");
    let name = "windows names: unlinked";
    let old = SharedMemory::create_named(name, 10).unwrap();
    let same = SharedMemory::attach(name).unwrap();
    old.unlink().unwrap();
    assert_eq!(same.unlink().unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(SharedMemory::attach(name).unwrap_err().kind(), ErrorKind::NotFound);
    let new = SharedMemory::create_named(name, 20).unwrap();
    assert_eq!(old.unlink().unwrap_err().kind(), ErrorKind::NotFound);
    same.write_at(&[7], 0).unwrap();
    let mut byte = [0];
    old.read_at(&mut byte, 0).unwrap();
    assert_eq!(byte, [7]);
    new.read_at(&mut byte, 0).unwrap();
    assert_eq!((byte, SharedMemory::attach(name).unwrap().len()), ([0], 20));
}

#[test]
#[ignore = "the role of a stranger: the tests start it by name"]
fn adder() {
    let list = ShareableList::attach(&argument()).unwrap();
    assert_eq!(list.get(0).unwrap(), 1.into());
    list.set(0, 42).unwrap();
    assert_eq!(list.get(1).unwrap(), "text".into());
    list.set(1, "TEXT").unwrap();
}

#[test]
fn another_program_changes_a_list() {
    let _watchdog = watch("a list");
    let values = [ShareableValue::from(1), "text".into()];
    let list = ShareableList::create_named("windows names: a list", values).unwrap();
    end(&stranger("adder", list.name()));
    assert_eq!(list.get(0).unwrap(), 42.into());
    assert_eq!(list.get(1).unwrap(), "TEXT".into());
}

fn hold(name: String, ready: Sender<()>) {
    let memory = SharedMemory::create_named(&name, 100).unwrap();
    memory.write_at(b"mine", 0).unwrap();
    ready.send(()).unwrap();
    loop {
        thread::park();
    }
}

#[test]
fn a_killed_holder_leaves_nothing() {
    let _watchdog = watch("a holder");
    let name = "windows names: killed".to_owned();
    for attach in [true, false] {
        let (ready, told) = channel::<()>(1).unwrap();
        let holder = Process::spawn(hold, (name.clone(), ready)).unwrap();
        told.recv_timeout(LONG).unwrap();
        let same = attach.then(|| SharedMemory::attach(&name).unwrap());
        holder.kill().unwrap();
        holder.wait();
        if let Some(same) = same {
            let mut bytes = [0; 4];
            same.read_at(&mut bytes, 0).unwrap();
            assert_eq!(&bytes, b"mine");
            let taken = SharedMemory::create_named(&name, 1).unwrap_err();
            assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
        }
        assert_eq!(SharedMemory::attach(&name).unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[test]
#[ignore = "the role of a stranger: the tests start it by name"]
fn churner() {
    let name = argument();
    loop {
        match SharedMemory::create_named(&name, 64) {
            Ok(memory) => memory.write_at(&[9], 0).unwrap(),
            Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists),
        }
        match SharedMemory::attach(&name) {
            Ok(memory) => drop(memory.unlink()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound),
        }
    }
}

#[test]
fn strangers_that_are_killed_anywhere_block_nobody() {
    let _watchdog = watch("strangers");
    let name = "windows names: churned";
    let mut children: Vec<Stranger> = (0..3).map(|_| stranger("churner", name)).collect();
    for round in 0..8 {
        // Wherever they are by then.
        for _ in 0..20 * round {
            drop(SharedMemory::attach(name));
            thread::yield_now();
        }
        let mut child = children.remove(0);
        assert!(child.0.try_wait().unwrap().is_none(), "it finds nothing that should not be");
        drop(child);
        children.push(stranger("churner", name));
    }
    drop(children);
    let memory = SharedMemory::create_named(name, 8).unwrap();
    assert_eq!(SharedMemory::attach(name).unwrap().len(), memory.len());
}

#[test]
#[ignore = "the role of a stranger: the tests start it by name"]
fn guest() {
    let address = Address::Tcp(argument().parse().unwrap());
    let there = Manager::connect(&address, KEY).unwrap();
    let queue = there.find::<QueueProxy<String>>("queue").unwrap();
    let large = queue.get().unwrap();
    queue.put(large.to_uppercase()).unwrap();
}

#[test]
fn a_manager_serves_other_programs() {
    let _watchdog = watch("a manager for others");
    for manager in [Manager::start::<Process>().unwrap(), Manager::start::<Thread>().unwrap()] {
        let queue = manager.queue::<String>(1).unwrap();
        manager.publish("queue", &queue).unwrap();
        let anywhere = Address::Tcp((Ipv4Addr::LOCALHOST, 0).into());
        let address = manager.serve(&anywhere, KEY).unwrap();
        assert!(Manager::connect(&address, b"another key").is_err());
        let large = "large".repeat(600_000);
        queue.put(large.clone()).unwrap();
        end(&stranger("guest", &address.to_string()));
        assert!(queue.get_timeout(LONG).unwrap() == large.to_uppercase());
    }
}
