//! A child of a plain fork has what its parent had open, but no part in what the parent does with it.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "forks, and kills who was forked")]

mod watchdog;

use std::io::{PipeWriter, Read, pipe};

use ipc::{ShareableList, ShareableValue};
use watchdog::watch;

/// As large as it takes to be met in the middle of setting it.
const LARGE: usize = 16 << 20;

/// A process of its own that does `work` until it is killed.
struct Forked(libc::pid_t);

impl Forked {
    fn doing(work: impl FnOnce()) -> Forked {
        // SAFETY: the child uses what a fork copies whole, and never returns.
        match unsafe { libc::fork() } {
            0 => {
                work();
                // SAFETY: ends this process.
                unsafe { libc::_exit(0) }
            }
            child => {
                assert!(child > 0, "no process");
                Forked(child)
            }
        }
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        // SAFETY: a child of this process that was not waited for yet.
        unsafe {
            libc::kill(self.0, libc::SIGKILL);
            libc::waitpid(self.0, std::ptr::null_mut(), 0);
        }
    }
}

/// A text that tells when it is about to be written.
struct Telling(String, Option<PipeWriter>);

impl From<Telling> for ShareableValue {
    fn from(Telling(text, _end): Telling) -> ShareableValue {
        ShareableValue::Str(text)
    }
}

#[test]
fn a_child_that_outlives_who_was_setting_an_element_holds_up_nobody() {
    let _watchdog = watch("who sets an element after one that died over it");
    let list = ShareableList::create(["a".repeat(LARGE)]).unwrap();
    let (mut begun, begin) = pipe().unwrap();
    let (mut stay, leave) = pipe().unwrap();
    let (mut gone, here) = pipe().unwrap();
    // Those who do something else with an end than to have it take it.
    let (mut begin, mut leave) = (Some(begin), Some(leave));
    let setter = Forked::doing(|| {
        let list = ShareableList::attach(list.name()).unwrap();
        std::mem::forget(Forked::doing(|| {
            begin.take();
            leave.take();
            let _ = stay.read(&mut [0]);
        }));
        list.set(0, Telling("b".repeat(LARGE), begin.take())).unwrap();
    });
    drop((begin.take(), here));
    assert_eq!(begun.read(&mut [0]).unwrap(), 0);
    drop(setter);
    list.set(0, "c").unwrap();
    assert_eq!(list.get(0).unwrap(), ShareableValue::from("c"));
    leave.take();
    assert_eq!(gone.read(&mut [0]).unwrap(), 0);
}

#[test]
fn parent_and_child_set_an_element_one_after_the_other() {
    let _watchdog = watch("a parent and its child");
    let texts = ["a", "b", "c"].map(|text| text.repeat(LARGE / 4));
    let list = ShareableList::create([texts[0].as_str()]).unwrap();
    let _child = Forked::doing(|| {
        loop {
            list.set(0, texts[1].as_str()).unwrap();
        }
    });
    for _ in 0..10 {
        list.set(0, texts[2].as_str()).unwrap();
        let ShareableValue::Str(text) = list.get(0).unwrap() else { panic!("no text") };
        assert!(texts.contains(&text), "parts of two texts");
    }
}
