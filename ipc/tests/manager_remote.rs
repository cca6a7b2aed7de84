//! Managers that serve clients of other programs.

mod watchdog;

use std::io::ErrorKind;
use std::thread;
use std::time::Duration;

use ipc::{
    Address, Client, DictProxy, Host, LockProxy, Manager, ManagerError, Queue, QueueProxy,
    RecvError, Sender, TakeError, ValueProxy,
};
use proc_spawn::{Process, Thread};
use proptest::prelude::{ProptestConfig, any, proptest};
use watchdog::watch;

proc_spawn::enable_test_support!();

const KEY: &[u8] = b"correct horse battery staple";

fn start<H: Host>() -> Manager {
    Manager::start::<H>().unwrap()
}

/// Calls `f` with a manager on each host that serves at each kind of address.
fn on_each(what: &'static str, f: impl Fn(&Manager, &Address)) {
    let _watchdog = watch(what);
    let directory = tempfile::tempdir().unwrap();
    for manager in [start::<Process>(), start::<Thread>()] {
        let unix = Address::Unix(directory.path().join("manager"));
        for address in [unix, Address::Tcp(([127, 0, 0, 1], 0).into())] {
            let address = manager.serve(&address, KEY).unwrap();
            f(&manager, &address);
        }
    }
}

#[test]
fn whoever_connects_finds_what_was_published_and_uses_it_as_the_others_do() {
    on_each("a connection", |manager, address| {
        let dict = manager.dict::<String, u32>().unwrap();
        manager.publish("dict", &dict).unwrap();
        let there = Manager::connect(address, KEY).unwrap();
        assert_eq!(there.pid().unwrap(), manager.pid().unwrap());
        let found = there.find::<DictProxy<String, u32>>("dict").unwrap();
        found.insert("a".to_owned(), 1).unwrap();
        assert_eq!(found.update_value("a".to_owned(), 0, |n| std::mem::replace(n, 5)).unwrap(), 1);
        assert_eq!(dict.get("a".to_owned()).unwrap(), Some(5));
        let panicked = found.update(|_| -> u32 { panic!("over there") });
        assert!(
            matches!(panicked, Err(ManagerError::Panicked(panic)) if panic.message == "over there")
        );

        // And the other way round.
        let queue = there.queue::<String>(1).unwrap();
        there.publish("queue", &queue).unwrap();
        let here = manager.find::<QueueProxy<String>>("queue").unwrap();
        // A text, whose bytes serde does not handle one by one.
        let large = "large".repeat(600_000);
        thread::scope(|scope| {
            let got = scope.spawn(|| queue.get());
            here.put(large.clone()).unwrap();
            assert!(got.join().unwrap().unwrap() == large);
            let got = scope.spawn(|| here.get());
            queue.put(large.clone()).unwrap();
            assert!(got.join().unwrap().unwrap() == large);
        });
        assert!(matches!(queue.get_timeout(Duration::from_millis(5)), Err(TakeError::Timeout)));

        let lock = there.lock().unwrap();
        let guard = lock.lock().unwrap();
        assert!(lock.try_lock().unwrap().is_none());
        drop(guard);
        assert!(lock.try_lock().unwrap().is_some());
        let wrong = there.find::<ValueProxy<u32>>("dict");
        assert!(matches!(wrong, Err(ManagerError::WrongType)));
        let none = there.find::<ValueProxy<u32>>("nothing");
        assert!(matches!(none, Err(ManagerError::NoSuchObject)));
    });
}

#[test]
fn another_key_an_empty_one_and_a_taken_address_are_refused() {
    on_each("keys", |manager, address| {
        let kind = |result: Result<Manager, ManagerError>| match result {
            Err(ManagerError::Io(error)) => error.kind(),
            other => panic!("{other:?}"),
        };
        assert_eq!(kind(Manager::connect(address, b"another key")), ErrorKind::PermissionDenied);
        let taken = manager.serve(address, KEY);
        assert!(
            matches!(taken, Err(ManagerError::Io(error)) if error.kind() == ErrorKind::AddrInUse)
        );
        let open = manager.serve(&Address::Tcp(([127, 0, 0, 1], 0).into()), b"");
        assert!(
            matches!(open, Err(ManagerError::Io(error)) if error.kind() == ErrorKind::InvalidInput)
        );
        // Whoever has connected does not say where else it can be reached.
        let there = Manager::connect(address, KEY).unwrap();
        assert!(matches!(there.serve(address, KEY), Err(ManagerError::Io(_))));
        assert!(!format!("{there:?}{manager:?}").contains("horse"));
    });
}

#[test]
fn handles_and_proxies_stay_on_their_side() {
    on_each("handles", |manager, address| {
        let there = Manager::connect(address, KEY).unwrap();
        let queues = there.list::<Queue<u32>>().unwrap();
        let pushed = queues.push(Queue::bounded(1).unwrap());
        assert!(matches!(pushed, Err(ManagerError::Encode(_))), "{pushed:?}");
        assert_eq!(queues.len().unwrap(), 0);
        // Nor does one come back.
        let local = manager.list_from(vec![Queue::<u32>::bounded(1).unwrap()]).unwrap();
        manager.publish("queues", &local).unwrap();
        let found = there.find::<ipc::ListProxy<Queue<u32>>>("queues").unwrap();
        assert!(matches!(found.get(0), Err(ManagerError::Encode(_))));
        assert_eq!(found.len().unwrap(), 1);
        let messages = Queue::bounded(1).unwrap();
        assert!(messages.put(found).is_err());
        // Nor is it lost.
        let local = manager.queue::<Queue<u32>>(1).unwrap();
        local.put(Queue::bounded(1).unwrap()).unwrap();
        manager.publish("queue", &local).unwrap();
        let found = there.find::<QueueProxy<Queue<u32>>>("queue").unwrap();
        assert!(matches!(found.get(), Err(TakeError::Manager(ManagerError::Encode(_)))));
        assert!(local.try_get().is_ok());
        local.task_done().unwrap().unwrap();
        local.task_done().unwrap().unwrap_err();
    });
}

fn keep(address: Address, said: Sender<()>, name: String) {
    let manager = Manager::connect(&address, KEY).unwrap();
    let lock = manager.find::<LockProxy>(&name).unwrap();
    let _guard = lock.lock().unwrap();
    let _kept = manager.find::<ValueProxy<Queue<u32>>>("kept").unwrap();
    said.send(()).unwrap();
    thread::park();
}

#[test]
fn a_killed_client_from_elsewhere_gives_back_what_it_had() {
    on_each("a killed client", |manager, address| {
        let lock = manager.lock().unwrap();
        manager.publish("lock", &lock).unwrap();
        // That the object is dropped is seen by the end of the queue in it.
        let queue = Queue::<u32>::bounded(1).unwrap();
        let (_, receiver) = queue.clone().split();
        manager.publish("kept", &manager.value(queue).unwrap()).unwrap();
        let (said, heard) = ipc::channel(1).unwrap();
        let child = Process::spawn(keep, (address.clone(), said, "lock".to_owned())).unwrap();
        heard.recv().unwrap();
        // Now only the client has it.
        let other = manager.value(Queue::<u32>::bounded(1).unwrap()).unwrap();
        manager.publish("kept", &other).unwrap();
        assert!(lock.try_lock().unwrap().is_none());
        assert!(matches!(receiver.try_recv(), Err(RecvError::Empty)));
        let pid = child.id();
        child.kill().unwrap();
        assert_eq!(lock.lock().unwrap().owner_died(), Some(pid));
        assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
        child.wait();
    });
}

#[test]
fn an_object_goes_with_the_last_proxy_elsewhere() {
    on_each("leases", |manager, address| {
        let queue = Queue::<u32>::bounded(1).unwrap();
        let (_, receiver) = queue.clone().split();
        manager.publish("kept", &manager.value(queue).unwrap()).unwrap();
        let there = Manager::connect(address, KEY).unwrap();
        let one = there.find::<ValueProxy<Queue<u32>>>("kept").unwrap();
        let other = there.find::<ValueProxy<Queue<u32>>>("kept").unwrap();
        let second = manager.value(Queue::<u32>::bounded(1).unwrap()).unwrap();
        manager.publish("kept", &second).unwrap();
        drop(one);
        assert!(other.update(|_| ()).is_ok());
        assert!(matches!(receiver.try_recv(), Err(RecvError::Empty)));
        drop(other);
        assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
    });
}

/// Serves until it is killed.
fn serve(address: Address, served: Sender<Address>) {
    let manager = start::<Thread>();
    served.send(manager.serve(&address, KEY).unwrap()).unwrap();
    loop {
        thread::park();
    }
}

#[test]
fn a_killed_server_is_gone_for_clients_from_elsewhere_also_for_who_waits() {
    let _watchdog = watch("a killed server");
    let directory = tempfile::tempdir().unwrap();
    let unix = Address::Unix(directory.path().join("manager"));
    for address in [unix, Address::Tcp(([127, 0, 0, 1], 0).into())] {
        let (served, is_served) = ipc::channel(1).unwrap();
        let server = Process::spawn(serve, (address, served)).unwrap();
        let address = is_served.recv().unwrap();
        let there = Manager::connect(&address, KEY).unwrap();
        let (event, lock) = (there.event().unwrap(), there.lock().unwrap());
        let guard = lock.lock().unwrap();
        let (started, is_started) = ipc::channel::<()>(2).unwrap();
        thread::scope(|scope| {
            let waits: [_; 2] = [0, 1].map(|which| {
                let (started, event, lock) = (started.clone(), &event, &lock);
                scope.spawn(move || {
                    started.send(()).unwrap();
                    if which == 0 { event.wait() } else { lock.lock().map(drop) }
                })
            });
            waits.iter().for_each(|_| is_started.recv().unwrap());
            server.kill().unwrap();
            for wait in waits {
                assert!(matches!(wait.join().unwrap(), Err(ManagerError::Gone)));
            }
        });
        server.wait();
        drop(guard);
        assert!(matches!(there.list::<u32>(), Err(ManagerError::Gone)));
        assert!(matches!(event.is_set(), Err(ManagerError::Gone)));
    }
}

#[test]
fn another_build_is_refused_with_both_names() {
    on_each("another build", |_, address| {
        let mut line = Client::connect::<(), ()>(address, KEY).unwrap();
        let greeting = postcard::to_allocvec(&("another build", 1u32, None::<u64>)).unwrap();
        line.send_bytes(&greeting).unwrap();
        // Refused, and why.
        assert!(line.recv_bytes().unwrap().len() > 10);
        assert!(matches!(line.recv_bytes(), Err(RecvError::Disconnected)));
        assert!(Manager::connect(address, KEY).is_ok());
    });
}

/// The greeting of a client of this build, which a proxy's would begin with.
fn greeting() -> Vec<u8> {
    // What this very program says, overheard by a listener of its own.
    let address = Address::Tcp(([127, 0, 0, 1], 0).into());
    let listener = ipc::Listener::bind(&address, KEY).unwrap();
    let address = listener.address().clone();
    let client = thread::spawn(move || Manager::connect(&address, KEY).map(drop));
    let mut line = listener.accept::<(), ()>().unwrap();
    let greeting = line.recv_bytes().unwrap();
    drop(line);
    assert!(client.join().unwrap().is_err());
    greeting
}

#[test]
fn hostile_bytes_after_the_handshake_are_errors_and_the_server_serves_on() {
    let _watchdog = watch("hostile bytes");
    let manager = start::<Thread>();
    let address = manager.serve(&Address::Tcp(([127, 0, 0, 1], 0).into()), KEY).unwrap();
    let value = manager.value(5u32).unwrap();
    manager.publish("value", &value).unwrap();
    let greeting = greeting();
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) };
    proptest!(config, |(
        greets in any::<bool>(),
        tag in 0u8..8,
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..4),
    )| {
        let mut line = Client::connect::<(), ()>(&address, KEY).unwrap();
        if greets {
            line.send_bytes(&greeting).unwrap();
            line.recv_bytes().unwrap();
        }
        for mut message in messages {
            // Often what looks like a request.
            message.insert(0, tag);
            if line.send_bytes(&message).is_err() {
                break;
            }
        }
        drop(line);
        assert_eq!(value.get().unwrap(), 5);
    });
    let there = Manager::connect(&address, KEY).unwrap();
    assert_eq!(there.find::<ValueProxy<u32>>("value").unwrap().get().unwrap(), 5);
}

#[test]
fn neither_a_large_answer_nor_a_client_that_only_greets_hinders_others() {
    on_each("slow ones", |manager, address| {
        let list = manager.list_from(vec!["l".repeat(4_000_000)]).unwrap();
        manager.publish("large", &list).unwrap();
        let slow = Manager::connect(address, KEY).unwrap();
        let found = slow.find::<ipc::ListProxy<String>>("large").unwrap();
        thread::scope(|scope| {
            // A client that asks for much, and receives it last.
            let large = scope.spawn(|| found.get(0));
            let quick = Manager::connect(address, KEY).unwrap();
            for n in 0..20u32 {
                assert_eq!(quick.value(n).unwrap().get().unwrap(), n);
            }
            assert_eq!(large.join().unwrap().unwrap().unwrap().len(), 4_000_000);
        });
        // One that greets, and neither asks nor receives.
        let mut deaf = Client::connect::<(), ()>(address, KEY).unwrap();
        deaf.send_bytes(&greeting()).unwrap();
        let quick = Manager::connect(address, KEY).unwrap();
        assert_eq!(quick.value(1).unwrap().get().unwrap(), 1);
    });
}
