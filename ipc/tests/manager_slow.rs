//! Clients from elsewhere that are slow, deaf, or cut off: a relay between them and the server sees to that.
#![cfg(target_os = "linux")]

#[expect(dead_code, unreachable_pub, reason = "another suite uses the rest")]
#[path = "../../sync-prims/tests/stepping/asleep.rs"]
mod asleep;
mod relay;
mod watchdog;

use std::fmt::Debug;
use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use ipc::{
    Address, EventProxy, Host, ListProxy, LockProxy, Manager, ManagerError, Queue, QueueProxy,
    ValueProxy,
};
use proc_spawn::{Process, Thread, peak_memory};
use relay::Relay;
use watchdog::watch;

proc_spawn::enable_test_support!();

const KEY: &[u8] = b"correct horse battery staple";
const HOURS: Duration = Duration::from_secs(9999);

/// Calls `f` with a manager on each host, where it serves, and a relay to there.
fn on_each(what: &'static str, f: impl Fn(&Manager, &Address, &Relay)) {
    fn one<H: Host>(f: impl Fn(&Manager, &Address, &Relay)) {
        let manager = Manager::start::<H>().unwrap();
        let address = manager.serve(&Address::Tcp(([127, 0, 0, 1], 0).into()), KEY).unwrap();
        let relay = Relay::to(&address);
        f(&manager, &address, &relay);
    }
    let _watchdog = watch(what);
    one::<Process>(&f);
    one::<Thread>(&f);
}

#[test]
fn a_client_whose_bytes_come_one_by_one_is_served_and_hinders_nobody() {
    on_each("byte by byte", |_, address, relay| {
        let quick = Manager::connect(address, KEY).unwrap();
        let counter = quick.value(0u32).unwrap();
        let step = relay.one_by_one();
        let (said, heard) = mpsc::channel();
        let slow = relay.address().clone();
        let slow = thread::spawn(move || {
            let there = Manager::connect(&slow, KEY).unwrap();
            let list = there.list_from(vec![1u8, 2, 3]).unwrap();
            let got = list.to_vec().unwrap();
            drop((list, there));
            said.send(got).unwrap();
        });
        // Between any two bytes another is served.
        let mut bytes = 0;
        let got = loop {
            if let Ok(got) = heard.try_recv() {
                break got;
            }
            assert_eq!(counter.update(|n| std::mem::replace(n, 7)).unwrap() % 7, 0);
            bytes += u32::from(step.try_send(()).is_ok());
        };
        assert_eq!(got, [1, 2, 3]);
        assert!(bytes > 100, "only {bytes} bytes were sent");
        drop(step);
        slow.join().unwrap();
    });
}

#[test]
fn a_client_that_asks_and_never_receives_hinders_nobody_and_loses_nothing_but_its_own() {
    on_each("a deaf one", |manager, address, relay| {
        let (pid, here) = (manager.pid().unwrap(), std::process::id());
        let large = manager.list_from(vec!["l".repeat(1_000_000)]).unwrap();
        let (held, kept) = (manager.lock().unwrap(), manager.lock().unwrap());
        manager.publish("large", &large).unwrap();
        manager.publish("held", &held).unwrap();
        let quick = Manager::connect(address, KEY).unwrap();
        let deaf = Manager::connect(relay.address(), KEY).unwrap();
        let held_there = deaf.find::<LockProxy>("held").unwrap();
        let guard = held_there.lock().unwrap();
        let large_there = deaf.find::<ListProxy<String>>("large").unwrap();
        relay.record();
        assert_eq!(large_there.get(0).unwrap().unwrap().len(), 1_000_000);
        let before = peak_memory(pid).unwrap();
        // The same question many times more, and nobody takes the answers.
        relay.be_deaf();
        relay.ask_again(60);
        let others = kept.lock().unwrap();
        for n in 0..20u32 {
            assert_eq!(quick.value(n).unwrap().get().unwrap(), n);
            assert_eq!(manager.value(n).unwrap().get().unwrap(), n);
        }
        assert!(held.try_lock().unwrap().is_none());
        // The server has made one of them, or two, and not sixty.
        let more = peak_memory(pid).unwrap() - before;
        assert!(pid == here || more < 20 << 20, "{more} bytes");
        relay.cut();
        assert!(held.lock().unwrap().owner_died().is_some());
        assert!(kept.try_lock().unwrap().is_none());
        assert_eq!(quick.value(1).unwrap().get().unwrap(), 1);
        drop(others);
        assert!(matches!(large_there.len(), Err(ManagerError::Gone)));
        drop(guard);
    });
}

/// Begins a call that waits, and tells what it has come to.
fn begin<'s, T: Debug>(
    scope: &'s Scope<'s, '_>,
    call: impl FnOnce() -> T + Send + 's,
) -> ScopedJoinHandle<'s, String> {
    let (said, heard) = mpsc::channel();
    let begun = scope.spawn(move || {
        said.send(asleep::thread_id()).unwrap();
        format!("{:?}", call())
    });
    asleep::until_asleep(heard.recv().unwrap());
    begun
}

#[test]
fn a_client_of_which_one_connection_breaks_is_gone_with_all_that_waits_on_the_others() {
    on_each("a broken connection", |manager, _, relay| {
        let queues = (Queue::<()>::bounded(1).unwrap(), Queue::<()>::bounded(1).unwrap());
        let (begun, end) = queues.clone();
        let busy = manager.value(queues).unwrap();
        let (event, empty) = (manager.event().unwrap(), manager.queue::<u32>(1).unwrap());
        manager.publish("busy", &busy).unwrap();
        manager.publish("event", &event).unwrap();
        manager.publish("empty", &empty).unwrap();
        let there = Manager::connect(relay.address(), KEY).unwrap();
        let event_there = there.find::<EventProxy>("event").unwrap();
        let empty_there = there.find::<QueueProxy<u32>>("empty").unwrap();
        let busy_there = there.find::<ValueProxy<(Queue<()>, Queue<()>)>>("busy").unwrap();
        // As many connections as are needed, so that from here on nobody sleeps for another.
        let barrier = there.barrier(4).unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| barrier.wait().unwrap());
            }
        });
        thread::scope(|scope| {
            // One runs, one waits for that at the door, and two are parked.
            let running = begin(scope, || {
                busy_there.update(|(begun, end)| {
                    begun.put(()).unwrap();
                    end.get().unwrap();
                })
            });
            begun.get().unwrap();
            let at_door = begin(scope, || busy_there.update(|_| ()));
            let set = begin(scope, || event_there.wait());
            let item = begin(scope, || empty_there.get_timeout(HOURS));
            let calls =
                [("running", running), ("at the door", at_door), ("set", set), ("item", item)];
            relay.cut_last();
            for (what, call) in calls {
                let told = call.join().unwrap();
                assert!(told.contains("Gone"), "{what}: {told}");
            }
            end.put(()).unwrap();
        });
        assert!(!event.is_set().unwrap());
        assert!(matches!(there.list::<u32>(), Err(ManagerError::Gone)));
    });
}

#[test]
fn a_client_that_the_server_has_given_up_is_told_that_it_is_gone() {
    on_each("cut off", |manager, _, relay| {
        let lock = manager.lock().unwrap();
        manager.publish("lock", &lock).unwrap();
        let there = Manager::connect(relay.address(), KEY).unwrap();
        let found = there.find::<LockProxy>("lock").unwrap();
        std::mem::forget(found.lock().unwrap());
        // What comes after it shows that the server knows that the lock was received.
        assert!(found.is_locked().unwrap());
        relay.cut();
        // The server has buried it, which is alive.
        assert!(lock.lock().unwrap().owner_died().is_some());
        // First over the line that is broken, then over a new one, which the relay would carry.
        for _ in 0..3 {
            let told = found.is_locked();
            assert!(matches!(told, Err(ManagerError::Gone)), "{told:?}");
        }
        assert!(matches!(there.list::<u32>(), Err(ManagerError::Gone)));
        assert!(Manager::connect(relay.address(), KEY).unwrap().list::<u32>().is_ok());
    });
}
