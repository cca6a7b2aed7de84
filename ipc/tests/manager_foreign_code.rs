//! The code of the user's types runs at the server: slow, panicking, or asking the server itself.

mod hosts;
mod watchdog;

use std::hash::{Hash, Hasher};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::thread;

use hosts::on_each;
use ipc::{
    Address, LockProxy, Managed, Manager, ManagerClient, ManagerError, Proxy, Queue, RecvError,
    ValueProxy,
};
use proc_spawn::Process;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

proc_spawn::enable_test_support!();

/// What a type does in code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum In {
    Nothing,
    Clone,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Drop,
}

/// What it does there.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Does {
    /// Says that it has begun, and waits until it is let go on.
    Waits(Queue<()>, Queue<()>),
    Panics,
    /// Asks the server that it runs at.
    Asks(ValueProxy<u32>),
}

#[derive(Debug)]
struct Odd {
    place: In,
    does: Does,
    /// The server's process and thread are not told apart from the client's: it is odd there alone.
    at_server: bool,
}

impl Odd {
    fn new(place: In, does: Does) -> Odd {
        Odd { place, does, at_server: false }
    }

    fn run(&self, place: In) {
        if self.place == place && self.at_server {
            match &self.does {
                Does::Waits(begun, end) => {
                    begun.put(()).unwrap();
                    end.get().unwrap();
                }
                Does::Panics => panic!("odd in {place:?}"),
                Does::Asks(counter) => counter.update(|n| *n += 1).unwrap(),
            }
        }
    }
}

impl Drop for Odd {
    fn drop(&mut self) {
        self.run(In::Drop);
    }
}

impl Clone for Odd {
    fn clone(&self) -> Odd {
        self.run(In::Clone);
        Odd { does: self.does.clone(), ..*self }
    }
}

impl PartialEq for Odd {
    fn eq(&self, _: &Odd) -> bool {
        self.run(In::Eq);
        true
    }
}

impl Eq for Odd {}

impl Hash for Odd {
    fn hash<H: Hasher>(&self, _: &mut H) {
        self.run(In::Hash);
    }
}

impl Serialize for Odd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.run(In::Serialize);
        (self.place, &self.does, self.at_server).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Odd, D::Error> {
        let (place, does, was_at_server) = <(In, Does, bool)>::deserialize(deserializer)?;
        // It goes there and back.
        let odd = Odd { place, does, at_server: !was_at_server };
        odd.run(In::Deserialize);
        Ok(odd)
    }
}

/// A call for each place, in which the server runs the code at that place.
fn call(manager: &Manager, place: In, does: Does) -> Result<(), ManagerError> {
    let odd = || Odd::new(place, does.clone());
    match place {
        In::Nothing => Ok(()),
        In::Drop => manager.value(0)?.update_with(odd(), |_, odd| odd).map(drop),
        In::Clone => manager.list_from(vec![odd()])?.get(0).map(drop),
        In::Eq => manager.list_from(vec![odd()])?.contains(&Odd::new(In::Nothing, does)).map(drop),
        In::Hash => manager.dict::<Odd, u32>()?.insert(odd(), 1).map(drop),
        In::Serialize => manager.list_from(vec![odd()])?.pop().map(drop),
        In::Deserialize => manager.list::<Odd>()?.push(odd()),
    }
}

const PLACES: [In; 5] = [In::Clone, In::Eq, In::Hash, In::Serialize, In::Deserialize];

#[test]
fn slow_code_of_a_type_keeps_nobody_waiting_who_uses_something_else() {
    on_each("slow code", |manager| {
        let other = manager.dict::<u32, u32>().unwrap();
        for place in PLACES {
            let (begun, end) = (Queue::bounded(1).unwrap(), Queue::bounded(1).unwrap());
            let does = Does::Waits(begun.clone(), end.clone());
            thread::scope(|scope| {
                let slow = scope.spawn(move || call(manager, place, does));
                begun.get().unwrap();
                other.insert(1, 2).unwrap();
                assert_eq!(other.get(1).unwrap(), Some(2));
                assert_eq!(manager.list_from(vec![1]).unwrap().pop().unwrap(), Some(1));
                end.put(()).unwrap();
                slow.join().unwrap().unwrap();
            });
        }
    });
}

#[test]
fn code_of_a_type_can_ask_the_server_that_it_runs_at() {
    on_each("code that asks", |manager| {
        let counter = manager.value(0).unwrap();
        for (n, place) in (1..).zip(PLACES) {
            call(manager, place, Does::Asks(counter.clone())).unwrap();
            assert!(counter.get().unwrap() >= n, "{place:?}");
        }
    });
}

#[test]
fn code_of_a_type_that_panics_is_told_and_the_server_serves_on() {
    on_each("code that panics", |manager| {
        for place in PLACES {
            let told = call(manager, place, Does::Panics);
            let Err(ManagerError::Panicked(panic)) = told else { panic!("{place:?}: {told:?}") };
            assert_eq!(panic.message, format!("odd in {place:?}"));
        }
        assert_eq!(manager.value(3).unwrap().get().unwrap(), 3);
    });
}

/// Waits where it is decoded, which a client from elsewhere brings about as well.
#[derive(Debug, Clone)]
struct Slow(String);

impl Serialize for Slow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Slow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Slow, D::Error> {
        let address = String::deserialize(deserializer)?;
        // Until the other end is closed.
        TcpStream::connect(&address).unwrap().read_to_end(&mut Vec::new()).unwrap();
        Ok(Slow(address))
    }
}

#[test]
fn slow_code_of_an_argument_from_elsewhere_keeps_nobody_from_elsewhere_waiting() {
    on_each("slow code from elsewhere", |manager| {
        let directory = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let address = Address::Unix(directory.path().join("manager"));
        let address = manager.serve(&address, b"a key").unwrap();
        let [slow, quick] = [0; 2].map(|_| Manager::connect(&address, b"a key").unwrap());
        thread::scope(|scope| {
            let list = slow.list::<Slow>().unwrap();
            let push = scope.spawn(move || list.push(Slow(place)));
            // There when the server has begun to read.
            let end = listener.accept().unwrap();
            assert_eq!(quick.value(1).unwrap().get().unwrap(), 1);
            assert_eq!(manager.value(1).unwrap().get().unwrap(), 1);
            drop(end);
            push.join().unwrap().unwrap();
        });
    });
}

/// Whose calls it has had, of those who live.
struct Ledger(Vec<u32>);

impl Managed for Ledger {
    type Args = ();
    type Proxy = Proxy<Ledger>;
    const HEARS_OF_DEATHS: bool = true;

    fn create((): ()) -> Ledger {
        Ledger(Vec::new())
    }

    fn client_gone(&mut self, client: &ManagerClient) {
        self.0.retain(|pid| *pid != client.pid());
    }
}

fn call_with_lock(lock: LockProxy, ledger: Proxy<Ledger>, slow: Does, (place, does): (In, Does)) {
    let _guard = lock.lock().unwrap();
    let note = |ledger: &mut Ledger, _: Odd, _: Odd, pid: u32| ledger.0.push(pid);
    let args = (Odd::new(In::Deserialize, slow), Odd::new(place, does), std::process::id());
    let _ = ledger.call(note, args);
}

/// A ledger whose only caller has died before its call began. `last` is among the arguments.
fn ledger_of_the_dead(manager: &Manager, last: (In, Does)) -> Proxy<Ledger> {
    let (begun, end) = (Queue::bounded(1).unwrap(), Queue::bounded(1).unwrap());
    let (ledger, lock) = (manager.create::<Ledger>(()).unwrap(), manager.lock().unwrap());
    let slow = Does::Waits(begun.clone(), end.clone());
    let child = Process::spawn(call_with_lock, (lock.clone(), ledger.clone(), slow, last)).unwrap();
    let (_, begun) = begun.split();
    begun.recv().unwrap();
    child.kill().unwrap();
    // All objects have heard.
    assert!(lock.lock().unwrap().owner_died().is_some());
    end.put(()).unwrap();
    // The arguments are dropped when the call was done, or was not.
    assert!(matches!(begun.recv(), Err(RecvError::Disconnected)));
    child.wait();
    ledger
}

#[test]
fn a_call_of_the_dead_that_had_not_begun_is_not_done_after_the_object_has_heard() {
    on_each("a call of the dead", |manager| {
        let ledger = ledger_of_the_dead(manager, (In::Nothing, Does::Panics));
        assert_eq!(ledger.update(|ledger| ledger.0.clone()).unwrap(), []);
    });
}

#[test]
fn an_argument_of_the_dead_whose_drop_panics_leaves_the_object_to_the_living() {
    on_each("arguments of the dead", |manager| {
        let ledger = ledger_of_the_dead(manager, (In::Drop, Does::Panics));
        assert_eq!(ledger.update(|ledger| ledger.0.clone()).unwrap(), []);
    });
}

#[test]
fn a_result_whose_drop_panics_was_answered_once() {
    on_each("the drop of a result", |manager| {
        let (begun, end) = (Queue::bounded(1).unwrap(), Queue::bounded(1).unwrap());
        let value = manager.value(7).unwrap();
        let odd = Odd::new(In::Drop, Does::Waits(begun.clone(), end.clone()));
        value.update_with(odd, |_, odd| odd).unwrap();
        begun.get().unwrap();
        // It panics when it hears of that.
        end.close();
        for _ in 0..3 {
            assert_eq!(value.get().unwrap(), 7);
        }
    });
}

/// Says that it has heard of a death, and waits until it is let go on.
struct Mourner(Queue<()>, Queue<()>);

impl Managed for Mourner {
    type Args = (Queue<()>, Queue<()>);
    type Proxy = Proxy<Mourner>;
    const HEARS_OF_DEATHS: bool = true;

    fn create((heard, end): (Queue<()>, Queue<()>)) -> Mourner {
        Mourner(heard, end)
    }

    fn client_gone(&mut self, _: &ManagerClient) {
        self.0.put(()).unwrap();
        self.1.get().unwrap();
    }
}

fn look_at(value: ValueProxy<u32>) {
    value.get().unwrap();
}

#[test]
fn an_object_that_is_slow_to_deal_with_a_death_keeps_it_from_no_other() {
    on_each("slow about a death", |manager| {
        let queues = (Queue::bounded(3).unwrap(), Queue::bounded(3).unwrap());
        let (heard, end) = queues.clone();
        let mourners = [0; 3].map(|_| manager.create::<Mourner>(queues.clone()).unwrap());
        Process::spawn(look_at, manager.value(1).unwrap()).unwrap().join().unwrap();
        mourners.iter().for_each(|_| heard.get().unwrap());
        mourners.iter().for_each(|_| end.put(()).unwrap());
    });
}
