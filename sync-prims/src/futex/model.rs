//! Sleeping on a word in a model: like `futex(2)`, in every order of steps that loom can think of.

use core::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use loom::thread::{self, Thread};

use crate::deadline::Deadline;
use crate::futex::{Reach, Waited, Word};

struct Sleeper {
    address: usize,
    thread: Thread,
    woken: Rc<Cell<bool>>,
}

std::thread_local! {
    /// Those asleep, the longest first. A model runs on one thread, and begins with nobody asleep.
    static SLEEPERS: RefCell<VecDeque<Sleeper>> = const { RefCell::new(VecDeque::new()) };
}

/// Sleeps while `*word == expected`. No deadline passes in a model.
pub(crate) fn wait(word: &impl Word, expected: u32, _deadline: Deadline, _reach: Reach) -> Waited {
    // Between this and the entry no other thread of the model runs, as no other thread gets in
    // between the kernel's look and its queue.
    if word.latest() != expected {
        // After this, loom shows the thread no past of any word that it has seen already.
        thread::yield_now();
        return Waited::Again;
    }
    let woken = Rc::new(Cell::new(false));
    let sleeper = Sleeper {
        address: word.address().addr(),
        thread: thread::current(),
        woken: Rc::clone(&woken),
    };
    SLEEPERS.with_borrow_mut(|sleepers| sleepers.push_back(sleeper));
    while !woken.get() {
        thread::park();
    }
    Waited::Again
}

/// Wakes up to `count` sleepers on `word` and says how many it was.
pub(crate) fn wake(word: &impl Word, count: u32, _reach: Reach) -> u32 {
    // A step of its own: others may come between the caller's last and this one.
    word.latest();
    let address = word.address().addr();
    let mut woken = 0;
    while woken < count {
        let first = SLEEPERS.with_borrow_mut(|sleepers| {
            let at = sleepers.iter().position(|sleeper| sleeper.address == address)?;
            sleepers.remove(at)
        });
        let Some(sleeper) = first else { break };
        sleeper.woken.set(true);
        sleeper.thread.unpark();
        woken += 1;
    }
    woken
}
