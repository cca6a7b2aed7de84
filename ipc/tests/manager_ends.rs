//! A manager's server ends, killed or shut down, in the middle of a call of each kind: every call fails at once.
#![cfg(target_os = "linux")]

#[expect(dead_code, unreachable_pub, reason = "another suite uses the rest")]
#[path = "../../sync-prims/tests/stepping/asleep.rs"]
mod asleep;
mod watchdog;

use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use ipc::{Address, Managed, Manager, ManagerError, Proxy, PutError, Queue, TakeError, Typed};
use proc_spawn::{Process, Thread};
use serde::{Deserialize, Serialize};
use watchdog::watch;

proc_spawn::enable_test_support!();

const KEY: &[u8] = b"correct horse battery staple";
const HOURS: Duration = Duration::from_secs(9999);

/// Its constructor does not return.
struct Unborn;

impl Managed for Unborn {
    type Args = ();
    type Proxy = Proxy<Unborn>;

    fn create((): ()) -> Unborn {
        loop {
            thread::park();
        }
    }
}

/// A call that does not return, and what it says when the server is gone.
type Call = (&'static str, Box<dyn FnOnce() -> Result<(), ManagerError> + Send>);

fn call(
    what: &'static str,
    call: impl FnOnce() -> Result<(), ManagerError> + Send + 'static,
) -> Call {
    (what, Box::new(call))
}

fn taken<T>(result: Result<T, TakeError>) -> Result<(), ManagerError> {
    match result {
        Err(TakeError::Manager(error)) => Err(error),
        other => panic!("{:?}", other.map(drop)),
    }
}

fn put(result: Result<(), PutError<u32>>) -> Result<(), ManagerError> {
    match result {
        Err(PutError::Manager(error)) => Err(error),
        other => panic!("{other:?}"),
    }
}

/// One that waits, of each kind. `there` is where the calls come from: who holds what they wait for is here.
fn calls(here: &Manager, there: &Manager) -> Result<Vec<Call>, ManagerError> {
    fn known<P: Typed>(here: &Manager, there: &Manager, proxy: &P) -> Result<P, ManagerError> {
        here.publish("object", proxy)?;
        there.find("object")
    }
    let (lock, rlock, held) = (here.lock()?, here.rlock()?, here.condition()?);
    std::mem::forget((lock.lock()?, rlock.lock()?, held.lock()?));
    let (lock, rlock) = (known(here, there, &lock)?, known(here, there, &rlock)?);
    let (timed, held) = (lock.clone(), known(here, there, &held)?);
    let (semaphore, bounded) = (there.semaphore(0)?, there.bounded_semaphore(0)?);
    let (event, barrier, condition) = (there.event()?, there.barrier(2)?, there.condition()?);
    let (empty, full) = (there.queue::<u32>(1)?, there.queue::<u32>(1)?);
    full.put(1).unwrap();
    let (undone, timed_queue) = (full.clone(), empty.clone());
    let (value, dict) = (there.value(0)?, there.dict::<u32, u32>()?);
    Ok(vec![
        call("lock", move || lock.lock().map(drop)),
        call("lock_timeout", move || timed.lock_timeout(HOURS).map(drop)),
        call("rlock", move || rlock.lock().map(drop)),
        call("semaphore", move || semaphore.acquire().map(drop)),
        call("bounded semaphore", move || bounded.acquire().map(drop)),
        call("event", move || event.wait()),
        call("barrier", move || barrier.wait().map(drop)),
        call("condition's lock", move || held.lock().map(drop)),
        call("condition", move || condition.lock()?.wait()),
        call("get", move || taken(empty.get())),
        call("get_timeout", move || taken(timed_queue.get_timeout(HOURS))),
        call("put", move || put(full.put(2))),
        call("join", move || undone.join()),
        call("update", move || {
            value.update(|_| {
                loop {
                    thread::park();
                }
            })
        }),
        call("update_value", move || {
            dict.update_value(1, 1, |_| {
                loop {
                    thread::park();
                }
            })
        }),
    ])
}

/// Ends the server while calls of each kind wait, of this process or of a client `elsewhere`. What `end` leaves of
/// the manager must be of no use.
fn end_in_the_middle(
    here: Manager,
    elsewhere: Option<Manager>,
    end: fn(Manager) -> Option<Manager>,
) {
    let (said, heard) = mpsc::channel();
    let there = elsewhere.as_ref().unwrap_or(&here);
    let all = calls(&here, there).unwrap();
    // As many lines as are needed, so that from here on nobody sleeps for another.
    let barrier = there.barrier(all.len()).unwrap();
    thread::scope(|scope| {
        for _ in &all {
            scope.spawn(|| barrier.wait().unwrap());
        }
    });
    let begun: Vec<_> = all
        .into_iter()
        .map(|(what, call)| {
            let said = said.clone();
            let begun = thread::spawn(move || {
                said.send(asleep::thread_id()).unwrap();
                call()
            });
            (what, begun)
        })
        .collect();
    heard.iter().take(begun.len()).for_each(asleep::until_asleep);
    let left = [end(here), elsewhere];
    for (what, call) in begun {
        let result = call.join().unwrap();
        assert!(matches!(result, Err(ManagerError::Gone)), "{what}: {result:?}");
    }
    for left in left.iter().flatten() {
        assert!(matches!(left.list::<u32>(), Err(ManagerError::Gone)));
        assert!(matches!(left.find::<ipc::LockProxy>("object"), Err(ManagerError::Gone)));
    }
}

fn kill(manager: Manager) -> Option<Manager> {
    let pid = manager.pid().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    Some(manager)
}

fn shut_down(manager: Manager) -> Option<Manager> {
    manager.shutdown();
    None
}

fn serve(manager: &Manager) -> Manager {
    let address = manager.serve(&Address::Tcp(([127, 0, 0, 1], 0).into()), KEY).unwrap();
    Manager::connect(&address, KEY).unwrap()
}

#[test]
fn every_call_within_the_program_is_told_that_the_server_was_killed() {
    let _watchdog = watch("calls of a killed server");
    end_in_the_middle(Manager::start::<Process>().unwrap(), None, kill);
}

#[test]
fn every_call_from_elsewhere_is_told_that_the_server_was_killed() {
    let _watchdog = watch("calls of a killed server from elsewhere");
    let manager = Manager::start::<Process>().unwrap();
    let there = serve(&manager);
    end_in_the_middle(manager, Some(there), kill);
}

#[test]
fn every_call_is_told_that_the_server_was_shut_down_also_those_that_run_on_threads() {
    let _watchdog = watch("calls of a server that is shut down");
    for manager in [Manager::start::<Process>().unwrap(), Manager::start::<Thread>().unwrap()] {
        end_in_the_middle(manager, None, shut_down);
    }
}

#[test]
fn every_call_from_elsewhere_is_told_that_the_server_was_shut_down() {
    let _watchdog = watch("calls from elsewhere of a server that is shut down");
    for manager in [Manager::start::<Process>().unwrap(), Manager::start::<Thread>().unwrap()] {
        let there = serve(&manager);
        end_in_the_middle(manager, Some(there), shut_down);
    }
}

/// A result whose drop says that it has begun, and waits until it is let go on.
#[derive(Serialize, Deserialize)]
struct Clinging {
    /// At the server.
    #[serde(skip)]
    to: Option<(Queue<()>, Queue<()>)>,
}

impl Drop for Clinging {
    fn drop(&mut self) {
        if let Some((begun, end)) = &self.to {
            begun.put(()).unwrap();
            end.get().unwrap();
        }
    }
}

#[test]
fn a_drop_at_the_server_that_waits_does_not_keep_who_shuts_it_down_waiting() {
    let _watchdog = watch("the drop of a result");
    let manager = Manager::start::<Thread>().unwrap();
    let (begun, end) = (Queue::bounded(1).unwrap(), Queue::bounded(1).unwrap());
    let queues = manager.value((begun.clone(), end.clone())).unwrap();
    queues.update(|queues| Clinging { to: Some(queues.clone()) }).unwrap();
    begun.get().unwrap();
    manager.shutdown();
    end.put(()).unwrap();
}

#[test]
fn who_waits_for_a_constructor_is_told_that_the_server_is_gone() {
    let _watchdog = watch("constructors of a server that ends");
    let told = |there: &Manager, end: &dyn Fn()| {
        thread::scope(|scope| {
            let (said, heard) = mpsc::channel();
            let created = scope.spawn(move || {
                said.send(asleep::thread_id()).unwrap();
                there.create::<Unborn>(()).map(drop)
            });
            asleep::until_asleep(heard.recv().unwrap());
            end();
            assert!(matches!(created.join().unwrap(), Err(ManagerError::Gone)));
        });
    };
    let killed = Manager::start::<Process>().unwrap();
    let pid = killed.pid().unwrap().to_string();
    let kill = || {
        let kill = std::process::Command::new("kill").args(["-9", &pid]).status();
        assert!(kill.unwrap().success());
    };
    told(&killed, &kill);
    for manager in [Manager::start::<Process>().unwrap(), Manager::start::<Thread>().unwrap()] {
        let there = serve(&manager);
        let manager = std::cell::Cell::new(Some(manager));
        told(&there, &|| drop(manager.take()));
    }
}

#[test]
fn who_comes_while_the_server_ends_is_served_or_told() {
    let _watchdog = watch("calls that come as the server ends");
    for _ in 0..20 {
        let manager = Manager::start::<Thread>().unwrap();
        let value = manager.value(7).unwrap();
        let (began, has_begun) = ipc::channel(1).unwrap();
        let endless = manager.value(began).unwrap();
        // It keeps what the server has, and runs on.
        let running = thread::spawn(move || {
            endless.update(|began| {
                began.send(()).unwrap();
                loop {
                    thread::park();
                }
            })
        });
        has_begun.recv().unwrap();
        let together = Arc::new(Barrier::new(21));
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let (value, together) = (value.clone(), Arc::clone(&together));
                thread::spawn(move || {
                    together.wait();
                    value.update(|value| *value)
                })
            })
            .collect();
        together.wait();
        manager.shutdown();
        for call in calls {
            let told = call.join().unwrap();
            assert!(matches!(told, Ok(7) | Err(ManagerError::Gone)), "{told:?}");
        }
        assert!(matches!(running.join().unwrap(), Err::<(), _>(ManagerError::Gone)));
    }
}
