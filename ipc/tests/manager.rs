//! What a manager holds, on a process and on threads.

mod hosts;
mod watchdog;

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use hosts::{alone, on_each, on_each_and_from_elsewhere, start};
use ipc::{DictProxy, ListProxy, Managed, ManagerError, Proxy, Queue, ValueProxy};
use proc_spawn::{Failure, Process, Thread};

proc_spawn::enable_test_support!();

#[test]
fn a_dict_a_list_and_a_set_do_what_those_of_std_do() {
    on_each_and_from_elsewhere("containers", |manager| {
        let dict = manager.dict::<String, u32>().unwrap();
        assert_eq!(dict.insert("a".to_owned(), 1).unwrap(), None);
        assert_eq!(dict.insert("a".to_owned(), 2).unwrap(), Some(1));
        assert_eq!(dict.get("a".to_owned()).unwrap(), Some(2));
        let b = "b".to_owned();
        assert_eq!(dict.get(&b).unwrap(), None);
        assert_eq!(dict.setdefault("b".to_owned(), 5).unwrap(), 5);
        assert_eq!(dict.setdefault("b".to_owned(), 6).unwrap(), 5);
        assert!(dict.contains_key("b".to_owned()).unwrap());
        assert_eq!(dict.remove("b".to_owned()).unwrap(), Some(5));
        assert_eq!(dict.remove("b".to_owned()).unwrap(), None);
        dict.extend([("c".to_owned(), 3)]).unwrap();
        assert_eq!(dict.len().unwrap(), 2);
        let all = HashMap::from([("a".to_owned(), 2), ("c".to_owned(), 3)]);
        assert_eq!(dict.to_map().unwrap(), all);
        let mut keys = dict.keys().unwrap();
        keys.sort();
        assert_eq!(keys, ["a", "c"]);
        let mut values = dict.values().unwrap();
        values.sort();
        assert_eq!(values, [2, 3]);
        assert_eq!(dict.update(|dict| dict.values().sum::<u32>()).unwrap(), 5);
        let doubled = dict.update_value("a".to_owned(), 0, |value| {
            *value *= 2;
            *value
        });
        assert_eq!(doubled.unwrap(), 4);
        dict.clear().unwrap();
        assert!(dict.is_empty().unwrap());

        let list = manager.list_from(vec![3u8, 1]).unwrap();
        list.push(2).unwrap();
        list.insert(0, 9).unwrap();
        assert_eq!(list.to_vec().unwrap(), [9, 3, 1, 2]);
        assert_eq!((list.get(1).unwrap(), list.get(4).unwrap()), (Some(3), None));
        assert_eq!((list.set(1, 4).unwrap(), list.set(4, 4).unwrap()), (Some(3), None));
        assert_eq!((list.remove(0).unwrap(), list.remove(9).unwrap()), (Some(9), None));
        assert!(list.contains(&4).unwrap() && !list.contains(&9).unwrap());
        list.update(|list| list.sort()).unwrap();
        assert_eq!((list.pop().unwrap(), list.len().unwrap()), (Some(4), 2));
        assert_eq!(list.update_item(0, |item| *item + 1).unwrap(), Some(2));

        let set = manager.set::<u64>().unwrap();
        assert!(set.insert(1).unwrap() && !set.insert(1).unwrap());
        set.extend([2, 3]).unwrap();
        assert!(set.contains(&2).unwrap() && set.remove(&2).unwrap() && !set.remove(&2).unwrap());
        assert_eq!(set.to_set().unwrap(), HashSet::from([1, 3]));
    });
}

fn count(counts: DictProxy<u32, u64>, times: u32) -> Result<(), Failure> {
    for n in 0..times {
        counts.update_value(n % 3, 0, |count| *count += 1)?;
    }
    Ok(())
}

#[test]
fn no_update_of_several_processes_is_lost() {
    on_each("updates", |manager| {
        let counts = manager.dict::<u32, u64>().unwrap();
        let children: Vec<_> =
            (0..3).map(|_| Process::spawn(count, (counts.clone(), 300)).unwrap()).collect();
        for child in children {
            child.join().unwrap().unwrap();
        }
        assert_eq!(counts.to_map().unwrap(), HashMap::from([(0, 300), (1, 300), (2, 300)]));
    });
}

#[test]
fn proxies_nest_and_travel_and_their_objects_go_with_the_last() {
    on_each("nesting", |manager| {
        let lists = manager.dict::<String, ListProxy<u32>>().unwrap();
        let inner = manager.list::<u32>().unwrap();
        lists.insert("l".to_owned(), inner).unwrap();
        // Python's `d['l'].append(1)` on a plain list is lost.
        lists.get("l".to_owned()).unwrap().unwrap().push(1).unwrap();
        let inner = lists.get("l".to_owned()).unwrap().unwrap();
        assert_eq!(inner.to_vec().unwrap(), [1]);

        // On its way in a message it is all that keeps its object alive.
        let queue = Queue::bounded(1).unwrap();
        let text = manager.value("here".to_owned()).unwrap();
        queue.put(text).unwrap();
        assert_eq!(queue.get().unwrap().get().unwrap(), "here");
    });
}

fn keep(value: ValueProxy<Queue<u32>>, ready: ipc::Sender<()>) {
    ready.send(()).unwrap();
    let _kept = value;
    std::thread::park();
}

#[test]
fn a_killed_holder_gives_its_share_in_an_object_back() {
    on_each("a killed holder", |manager| {
        // The object is seen to be dropped by what it holds: the last other handle of a queue.
        let queue = Queue::<u32>::bounded(1).unwrap();
        let object = manager.value(queue.clone()).unwrap();
        let (ready, is_ready) = ipc::channel(1).unwrap();
        let child = Process::spawn(keep, (object, ready)).unwrap();
        is_ready.recv().unwrap();
        let (_, receiver) = queue.split();
        assert!(matches!(receiver.try_recv(), Err(ipc::RecvError::Empty)));
        child.kill().unwrap();
        child.wait();
        assert!(matches!(receiver.recv(), Err(ipc::RecvError::Disconnected)));
    });
}

#[test]
fn a_panic_comes_back_with_its_message_and_place_and_the_object_is_still_there() {
    on_each_and_from_elsewhere("a panic", |manager| {
        let list = manager.list_from(vec![1]).unwrap();
        let panicked = list.update(|list| -> u32 { panic!("only {} in here", list.len()) });
        let Err(ManagerError::Panicked(panic)) = panicked else { panic!("{panicked:?}") };
        assert_eq!(panic.message, "only 1 in here");
        assert!(panic.location.unwrap().contains("tests/manager.rs"));
        assert!(matches!(list.insert(7, 7), Err(ManagerError::Panicked(_))));
        assert_eq!(list.to_vec().unwrap(), [1]);
    });
}

#[test]
fn an_error_comes_back_as_itself() {
    on_each_and_from_elsewhere("an error", |manager| {
        let text = manager.value("x".to_owned()).unwrap();
        let parsed = text.update(|text| text.parse::<u32>().map_err(|error| error.to_string()));
        assert_eq!(parsed.unwrap(), Err("invalid digit found in string".to_owned()));
    });
}

#[test]
fn published_objects_are_found_by_name_and_type() {
    on_each_and_from_elsewhere("names", |manager| {
        manager.publish("text", &manager.value(1u32).unwrap()).unwrap();
        assert_eq!(manager.find::<ValueProxy<u32>>("text").unwrap().get().unwrap(), 1);
        let other = manager.find::<ValueProxy<u64>>("text");
        assert!(matches!(other, Err(ManagerError::WrongType)));
        let none = manager.find::<ValueProxy<u32>>("name");
        assert!(matches!(none, Err(ManagerError::NoSuchObject)));
    });
}

struct Refusing;

impl Managed for Refusing {
    type Args = ();
    type Proxy = Proxy<Refusing>;

    fn create((): ()) -> Refusing {
        panic!("not today")
    }
}

#[test]
fn a_constructor_that_panics_makes_no_object() {
    on_each_and_from_elsewhere("a constructor", |manager| {
        let Err(ManagerError::Panicked(panic)) = manager.create::<Refusing>(()) else {
            panic!("it was created");
        };
        assert_eq!(panic.message, "not today");
        manager.list::<u32>().unwrap();
    });
}

/// Says that it has begun, and waits for ever.
fn hang(started: &mut Queue<u32>) {
    started.put(std::process::id()).unwrap();
    std::thread::park();
}

#[test]
fn a_long_call_keeps_nobody_waiting_who_uses_something_else() {
    on_each("a long call", |manager| {
        let queues = (Queue::<()>::bounded(1).unwrap(), Queue::<()>::bounded(1).unwrap());
        let (started, end) = queues.clone();
        let slow = manager.value(queues).unwrap();
        let long = std::thread::spawn(move || {
            slow.update(|(started, end)| {
                started.put(()).unwrap();
                end.get().unwrap();
            })
        });
        started.get().unwrap();
        let other = manager.value(1).unwrap();
        assert_eq!(other.update(|n| *n + 1).unwrap(), 2);
        assert_eq!(other.get().unwrap(), 1);
        end.put(()).unwrap();
        long.join().unwrap().unwrap();
    });
}

#[test]
fn a_killed_server_is_gone_for_every_call_at_once() {
    let _alone = alone("a killed server");
    let manager = start::<Process>();
    let started = Queue::<u32>::bounded(1).unwrap();
    let value = manager.value(started.clone()).unwrap();
    let calling = {
        let value = value.clone();
        std::thread::spawn(move || value.update(hang))
    };
    assert_eq!(started.get().unwrap(), manager.pid().unwrap());
    let other = manager.value(1).unwrap();
    let killed = Instant::now();
    let killing = other.update(|_| -> u32 { std::process::abort() });
    assert!(matches!(killing, Err(ManagerError::Gone)));
    assert!(matches!(calling.join().unwrap(), Err(ManagerError::Gone)));
    assert!(matches!(value.get(), Err(ManagerError::Gone)));
    assert!(matches!(manager.list::<u32>(), Err(ManagerError::Gone)));
    println!("gone after {:?}", killed.elapsed());
    manager.shutdown();
    assert!(matches!(value.get(), Err(ManagerError::Gone)));
}

#[test]
fn after_a_shutdown_every_call_is_gone() {
    on_each("a shutdown", |_| {
        for manager in [start::<Process>(), start::<Thread>()] {
            let value = manager.value(1).unwrap();
            manager.shutdown();
            assert!(matches!(value.get(), Err(ManagerError::Gone)));
        }
    });
}

fn hold_a_manager(to: ipc::Sender<ValueProxy<Queue<u32>>>, started: Queue<u32>) {
    let manager = start::<Process>();
    to.send(manager.value(started).unwrap()).unwrap();
    std::thread::park();
}

#[test]
fn a_server_ends_with_the_process_that_has_its_manager() {
    let _alone = alone("an orphaned server");
    let (to, from) = ipc::channel(1).unwrap();
    let started = Queue::bounded(1).unwrap();
    let child = Process::spawn(hold_a_manager, (to, started.clone())).unwrap();
    let value = from.recv().unwrap();
    let calling = {
        let value = value.clone();
        std::thread::spawn(move || value.update(hang))
    };
    started.get().unwrap();
    child.kill().unwrap();
    assert!(matches!(calling.join().unwrap(), Err(ManagerError::Gone)));
    assert!(matches!(value.get(), Err(ManagerError::Gone)));
}
