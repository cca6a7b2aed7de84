//! A manager's server is killed in the middle of a call of each kind: every call fails at once.

#[expect(dead_code, unreachable_pub, reason = "another suite uses the rest")]
#[path = "../../sync-prims/tests/stepping/asleep.rs"]
mod asleep;
mod watchdog;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ipc::{Address, Managed, Manager, ManagerError, Proxy, PutError, TakeError, Typed};
use proc_spawn::Process;
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

fn kill_in_the_middle(here: &Manager, there: &Manager) {
    let server = here.pid().unwrap();
    let (said, heard) = mpsc::channel();
    thread::scope(|scope| {
        let all = calls(here, there).unwrap();
        let begun = all.len() + 1;
        let begin = |what, call: Box<dyn FnOnce() -> Result<(), ManagerError> + Send>| {
            let said = said.clone();
            (
                what,
                scope.spawn(move || {
                    said.send(asleep::thread_id()).unwrap();
                    call()
                }),
            )
        };
        let all: Vec<_> = all.into_iter().map(|(what, call)| begin(what, call)).collect();
        let created = scope.spawn(|| {
            said.send(asleep::thread_id()).unwrap();
            there.create::<Unborn>(()).map(drop)
        });
        heard.iter().take(begun).for_each(asleep::until_asleep);
        let kill = std::process::Command::new("kill").args(["-9", &server.to_string()]).status();
        assert!(kill.unwrap().success());
        for (what, call) in all {
            let result = call.join().unwrap();
            assert!(matches!(result, Err(ManagerError::Gone)), "{what}: {result:?}");
        }
        assert!(matches!(created.join().unwrap(), Err(ManagerError::Gone)));
    });
    assert!(matches!(here.list::<u32>(), Err(ManagerError::Gone)));
    assert!(matches!(there.list::<u32>(), Err(ManagerError::Gone)));
    assert!(matches!(there.find::<ipc::LockProxy>("object"), Err(ManagerError::Gone)));
}

#[test]
fn every_call_within_the_program_is_told_that_the_server_is_gone() {
    let _watchdog = watch("calls of a killed server");
    let manager = Manager::start::<Process>().unwrap();
    kill_in_the_middle(&manager, &manager);
}

#[test]
fn every_call_from_elsewhere_is_told_that_the_server_is_gone() {
    let _watchdog = watch("calls of a killed server from elsewhere");
    let manager = Manager::start::<Process>().unwrap();
    let address = manager.serve(&Address::Tcp(([127, 0, 0, 1], 0).into()), KEY).unwrap();
    let there = Manager::connect(&address, KEY).unwrap();
    kill_in_the_middle(&manager, &there);
}
