//! The primitives in both scopes, by the same code.

use std::hint::black_box;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;

use ipc::Shared;
use proc_spawn::Process;
use sync_prims::{Barrier, Condition, Event, Lock, Processes, RwLock, Scope, Semaphore, Threads};

use crate::measure::{Outcome, Rounds, Task};
use crate::workload::primitives::{
    BARRIER, CONDITION, EVENT, LOCK, READ, SEMAPHORE, WRITE, alone, together,
};

/// Two events: one for each direction.
type Events<S> = (Event<S>, Event<S>);
/// Whose turn it is, and who waits for that.
type Turns<S> = (Lock<bool, S>, Condition<S>);

/// Between threads.
pub(crate) fn of_threads(task: &Task) -> Outcome<Rounds> {
    Ok(match task.point()? {
        LOCK => lock::<Threads>(Arc::new(Lock::new(0))),
        READ => read::<Threads>(Arc::new(RwLock::new(0))),
        WRITE => write::<Threads>(Arc::new(RwLock::new(0))),
        SEMAPHORE => semaphore::<Threads>(Arc::new(Semaphore::new(1))),
        EVENT => {
            let events = Arc::new((Event::new(), Event::new()));
            let theirs = Arc::clone(&events);
            thread::spawn(|| echo_events::<Threads>(theirs));
            ask_events::<Threads>(events)
        }
        CONDITION => {
            let turns = Arc::new((Lock::new(false), Condition::new()));
            let theirs = Arc::clone(&turns);
            thread::spawn(|| echo_turns::<Threads>(theirs));
            ask_turns::<Threads>(turns)
        }
        BARRIER => {
            let barrier = Arc::new(Barrier::new(2));
            let theirs = Arc::clone(&barrier);
            thread::spawn(|| meet_always::<Threads>(theirs));
            meet::<Threads>(barrier)
        }
        _ => return Err("there is no such primitive".into()),
    })
}

/// Between processes.
pub(crate) fn of_processes(task: &Task) -> Outcome<Rounds> {
    let child = || Process::builder().daemon(true);
    Ok(match task.point()? {
        LOCK => lock::<Processes>(Shared::new(Lock::new(0))?),
        READ => read::<Processes>(Shared::new(RwLock::new(0))?),
        WRITE => write::<Processes>(Shared::new(RwLock::new(0))?),
        SEMAPHORE => semaphore::<Processes>(Shared::new(Semaphore::new(1))?),
        EVENT => {
            let events: Shared<Events<Processes>> = Shared::new((Event::new(), Event::new()))?;
            child().spawn(echo_events_there, events.clone())?.detach();
            ask_events::<Processes>(events)
        }
        CONDITION => {
            let turns: Shared<Turns<Processes>> =
                Shared::new((Lock::new(false), Condition::new()))?;
            child().spawn(echo_turns_there, turns.clone())?.detach();
            ask_turns::<Processes>(turns)
        }
        BARRIER => {
            let barrier: Shared<Barrier<Processes>> = Shared::new(Barrier::new(2))?;
            child().spawn(meet_there, barrier.clone())?.detach();
            meet::<Processes>(barrier)
        }
        _ => return Err("there is no such primitive".into()),
    })
}

fn echo_events_there(events: Shared<Events<Processes>>) {
    echo_events::<Processes>(events);
}

fn echo_turns_there(turns: Shared<Turns<Processes>>) {
    echo_turns::<Processes>(turns);
}

fn meet_there(barrier: Shared<Barrier<Processes>>) {
    meet_always::<Processes>(barrier);
}

fn lock<S: Scope>(lock: impl Deref<Target = Lock<u64, S>> + 'static) -> Rounds {
    alone(move || *black_box(&*lock).lock().expect("nobody died or panicked") += 1)
}

fn read<S: Scope>(lock: impl Deref<Target = RwLock<u64, S>> + 'static) -> Rounds {
    alone(move || {
        black_box(*black_box(&*lock).read().expect("nobody died or panicked"));
    })
}

fn write<S: Scope>(lock: impl Deref<Target = RwLock<u64, S>> + 'static) -> Rounds {
    alone(move || *black_box(&*lock).write().expect("nobody died or panicked") += 1)
}

fn semaphore<S: Scope>(semaphore: impl Deref<Target = Semaphore<S>> + 'static) -> Rounds {
    alone(move || drop(black_box(&*semaphore).acquire()))
}

fn echo_events<S: Scope>(events: impl Deref<Target = Events<S>>) {
    loop {
        events.0.wait();
        events.0.clear();
        events.1.set();
    }
}

fn ask_events<S: Scope>(events: impl Deref<Target = Events<S>> + 'static) -> Rounds {
    together(move || {
        events.0.set();
        events.1.wait();
        events.1.clear();
    })
}

/// Waits for its turn, and makes it the other's.
fn take_turn<S: Scope>((lock, condition): &Turns<S>, mine: bool) {
    let turn = lock.lock().expect("nobody died or panicked");
    let waited = condition.wait_while(turn, |turn| *turn != mine);
    *waited.expect("nobody died or panicked") = !mine;
    condition.notify_one();
}

fn echo_turns<S: Scope>(turns: impl Deref<Target = Turns<S>>) {
    loop {
        take_turn(&turns, true);
    }
}

fn ask_turns<S: Scope>(turns: impl Deref<Target = Turns<S>> + 'static) -> Rounds {
    together(move || take_turn(&turns, false))
}

fn meet_always<S: Scope>(barrier: impl Deref<Target = Barrier<S>>) {
    while barrier.wait().is_ok() {}
}

fn meet<S: Scope>(barrier: impl Deref<Target = Barrier<S>> + 'static) -> Rounds {
    together(move || {
        // Only a death breaks it, and then nobody comes any more.
        barrier.wait().expect("nobody died");
    })
}
