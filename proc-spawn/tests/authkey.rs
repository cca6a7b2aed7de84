//! The key of a program is inherited, and is nowhere to be seen.

mod sys;

use proc_spawn::{Failure, Process};
use sys::{METHODS, shown};

proc_spawn::enable_test_support!();

const KEY: &[u8] = b"correct horse battery staple";

/// What this process and a child of its own have, and what others can read of this one.
fn inherited(generations: u32) -> Result<(Vec<Vec<u8>>, Vec<u8>), Failure> {
    let mut keys = vec![ipc::authkey()?.to_vec()];
    let mut seen = shown();
    if generations > 0 {
        let (more, theirs) = Process::spawn(inherited, generations - 1)?.join()??;
        keys.extend(more);
        seen.extend(theirs);
    }
    Ok((keys, seen))
}

#[test]
fn children_inherit_the_key_and_nobody_can_read_it() {
    ipc::set_authkey(KEY).unwrap();
    assert!(ipc::set_authkey(b"another").is_err());
    for method in METHODS {
        let child = Process::builder().start_method(*method).spawn(inherited, 1).unwrap();
        let (keys, seen) = child.join().unwrap().unwrap();
        assert_eq!(keys, [KEY, KEY]);
        assert!(seen.len() > 10 && !seen.windows(5).any(|text| text == b"horse"));
    }
    let key = ipc::authkey().unwrap();
    let shown = format!("{key:?} {:?}", ipc::InheritedKey::from_here().unwrap());
    assert_eq!(shown, "AuthKey(..) InheritedKey(..)");
}
