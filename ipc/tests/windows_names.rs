//! Memory by name, between programs: a stranger is this binary started anew, without an invitation.
#![cfg(windows)]

mod children;
mod watchdog;

use std::io::ErrorKind;
use std::os::windows::io::AsHandle;
use std::thread;

use children::{LONG, Role, Stranger, argument, arguments, stay, stranger};
use ipc::{Sender, ShareableList, ShareableValue, SharedMemory, channel, wait};
use watchdog::watch;

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
#[ignore = "the role of a child"]
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

#[test]
#[ignore = "the role of a child"]
fn holder() {
    let (name, ready): (String, Sender<()>) = arguments();
    let memory = SharedMemory::create_named(&name, 100).unwrap();
    memory.write_at(b"mine", 0).unwrap();
    ready.send(()).unwrap();
    stay();
}

#[test]
fn a_killed_holder_leaves_nothing() {
    let _watchdog = watch("a holder");
    let name = "windows names: killed".to_owned();
    for attach in [true, false] {
        let (ready, told) = channel::<()>(1).unwrap();
        let mut holder = Role::start("holder", (name.clone(), ready));
        told.recv_timeout(LONG).unwrap();
        let same = attach.then(|| SharedMemory::attach(&name).unwrap());
        holder.kill();
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
#[ignore = "the role of a child"]
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
