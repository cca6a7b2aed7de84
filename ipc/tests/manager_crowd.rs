//! Many clients of one manager at a time.

mod watchdog;

use std::fs;
use std::thread;
use std::time::Duration;

use ipc::{DictProxy, EventProxy, Manager, Sender, ValueProxy};
use proc_spawn::Process;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// So many clients a process stands for: each has a line of its own, as it waits for an answer.
const EACH: u32 = 200;

/// A thread that needs no more than a call takes.
fn spawn_small<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    thread::Builder::new().stack_size(128 << 10).spawn(f).unwrap()
}

fn crowd(args: (DictProxy<u32, u32>, EventProxy, ValueProxy<u32>, Sender<()>, u32)) {
    let (dict, event, arrived, ready, first) = args;
    let clients: Vec<_> = (first..first + EACH)
        .map(|number| {
            let (dict, event, arrived) = (dict.clone(), event.clone(), arrived.clone());
            spawn_small(move || {
                arrived.update(|arrived| *arrived += 1).unwrap();
                event.wait().unwrap();
                dict.insert(number, number).unwrap();
            })
        })
        .collect();
    ready.send(()).unwrap();
    clients.into_iter().for_each(|client| client.join().unwrap());
}

/// The processor time of a process, in hundredths of a second.
fn cpu_time(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<_> = fields.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn two_thousand_clients_are_served_and_cost_nothing_while_they_wait() {
    const PROCESSES: u32 = 10;
    let _watchdog = watch("two thousand clients");
    let manager = Manager::start::<Process>().unwrap();
    let dict = manager.dict::<u32, u32>().unwrap();
    let (event, arrived) = (manager.event().unwrap(), manager.value(0).unwrap());
    let (ready, is_ready) = ipc::channel(PROCESSES as usize).unwrap();
    let children: Vec<_> = (0..PROCESSES)
        .map(|process| {
            let args =
                (dict.clone(), event.clone(), arrived.clone(), ready.clone(), process * EACH);
            Process::spawn(crowd, args).unwrap()
        })
        .collect();
    children.iter().for_each(|_| is_ready.recv().unwrap());
    while arrived.get().unwrap() < PROCESSES * EACH {
        thread::yield_now();
    }
    // The last to arrive may be only about to wait: then the next rest is as it should be.
    let pid = manager.pid().unwrap();
    let rest = |_| {
        let before = cpu_time(pid);
        // sleep: that nothing happens meanwhile is what is to be seen.
        thread::sleep(Duration::from_millis(300));
        cpu_time(pid) - before
    };
    let spent: Vec<u64> = (0..10).map(rest).take_while(|spent| *spent > 0).collect();
    assert!(spent.len() < 10, "hundredths of a second of processor time for nothing: {spent:?}");
    event.set().unwrap();
    children.into_iter().for_each(|child| child.join().unwrap());
    assert_eq!(dict.len().unwrap(), (PROCESSES * EACH) as usize);
}
