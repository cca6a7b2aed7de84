//! Who waits for whom, and who ends with whom.

mod sys;
mod watchdog;

use std::time::Duration;
use std::{io, thread};

use ipc::{Receiver, RecvError, Sender, Shared, Waitable, channel};
use proc_spawn::{
    JoinError, Process, Stdio, active_children, cpu_count, current, parent, peak_memory,
};
use sync_prims::process::Lock;
use sys::exists;
use watchdog::watch;

proc_spawn::enable_test_support!();

fn forever() {
    loop {
        thread::park();
    }
}

#[test]
fn all_threads_that_wait_are_told_the_same() {
    let _watchdog = watch("many waiters");
    let child = Process::spawn(forever, ()).unwrap();
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..8).map(|_| scope.spawn(|| child.wait())).collect();
        child.kill().unwrap();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), child.exit_status().expect("ended"));
        }
    });
}

#[test]
fn who_looks_at_the_moment_of_the_end_sees_the_status_or_none() {
    let _watchdog = watch("many looks");
    for code in 1..=30 {
        let child = Process::spawn(|code: i32| -> () { std::process::exit(code) }, code).unwrap();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let seen = loop {
                        if let Some(seen) = child.exitcode() {
                            break seen;
                        }
                    };
                    assert_eq!(seen, code);
                });
            }
        });
        assert_eq!(child.wait().code(), Some(code));
    }
}

#[test]
fn a_child_whose_end_was_seen_can_be_joined_without_waiting() {
    let _watchdog = watch("a seen end");
    let mut child = Process::spawn(forever, ()).unwrap();
    child.kill().unwrap();
    while child.is_alive() {
        thread::yield_now();
    }
    assert!(matches!(child.try_join(), Some(Err(JoinError::Crashed { signal: 9, .. }))));
}

#[test]
fn no_child_is_left_as_a_zombie() {
    let _watchdog = watch("zombies");
    let children: Vec<_> =
        (0..20).map(|n: u32| Process::spawn(|n: u32| n + 1, n).unwrap()).collect();
    let ids: Vec<_> = children.iter().map(Process::id).collect();
    for (n, child) in children.into_iter().enumerate() {
        assert_eq!(child.join().unwrap(), n as u32 + 1);
    }
    let unjoined = Process::spawn(|| (), ()).unwrap();
    unjoined.wait();
    assert!(ids.into_iter().chain([unjoined.id()]).all(|id| !exists(id)));
}

#[test]
fn a_dropped_daemon_is_gone_and_another_child_is_not() {
    let _watchdog = watch("a dropped daemon");
    let daemon = Process::builder().daemon(true).spawn(forever, ()).unwrap();
    let id = daemon.id();
    drop(daemon);
    assert!(!exists(id));

    let (sender, receiver) = channel::<u32>(1).unwrap();
    let (go, wait) = channel::<()>(1).unwrap();
    let work = |wait: Receiver<()>, sender: Sender<u32>| {
        wait.recv().unwrap();
        sender.send(std::process::id()).unwrap();
    };
    let other = Process::spawn(work, (wait, sender)).unwrap();
    let id = other.id();
    drop(other);
    go.send(()).unwrap();
    assert_eq!(receiver.recv().unwrap(), id);
}

/// Starts a daemon that only reports, then waits for the end of time.
fn parent_of_daemon(report: Sender<u32>) {
    let daemon = |report: Sender<u32>| {
        report.send(std::process::id()).unwrap();
        forever();
    };
    let _daemon = Process::builder().daemon(true).spawn(daemon, report).unwrap();
    forever();
}

#[test]
fn a_daemon_dies_with_its_killed_parent() {
    let _watchdog = watch("an orphan");
    let (sender, receiver) = channel(4).unwrap();
    let child = Process::spawn(parent_of_daemon, sender).unwrap();
    let daemon = receiver.recv().unwrap();
    assert!(exists(daemon));
    child.kill().unwrap();
    // The daemon has the last sender.
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
}

#[test]
fn at_its_normal_exit_a_process_ends_its_daemons_and_waits_for_the_others() {
    let _watchdog = watch("an exit");
    let (go, wait) = channel::<()>(1).unwrap();
    let (sender, receiver) = channel::<u32>(1).unwrap();
    let family = |wait: Receiver<()>, sender: Sender<u32>| {
        let _daemon = Process::builder().daemon(true).spawn(forever, ()).unwrap();
        let work = |wait: Receiver<()>, sender: Sender<u32>| {
            wait.recv().unwrap();
            sender.send(1).unwrap();
        };
        let _other = Process::spawn(work, (wait, sender)).unwrap();
    };
    let mut child = Process::spawn(family, (wait, sender)).unwrap();
    assert!(child.join_timeout(Duration::from_millis(100)).is_none(), "it waits for its child");
    go.send(()).unwrap();
    child.join().unwrap();
    assert_eq!(receiver.recv().unwrap(), 1);
}

#[test]
fn an_exit_closes_the_pipes_of_those_that_it_waits_for() {
    let _watchdog = watch("pipes at an exit");
    let family = || -> () {
        let read = || io::read_to_string(io::stdin()).unwrap();
        let reader = Process::builder().stdin(Stdio::piped()).spawn(read, ()).unwrap();
        let write = || io::copy(&mut io::repeat(b'x'), &mut io::stdout()).is_err();
        let writer = Process::builder().stdout(Stdio::piped()).spawn(write, ()).unwrap();
        assert!(reader.is_alive() && writer.is_alive());
        // Their handles are not dropped.
        std::process::exit(3);
    };
    let exited = Process::spawn(family, ()).unwrap().join();
    assert!(matches!(exited, Err(JoinError::Exited { code: 3 })), "{exited:?}");
}

#[test]
fn a_detached_child_outlives_the_process_that_started_it() {
    let _watchdog = watch("a detached child");
    let (go, wait) = channel::<()>(1).unwrap();
    let (sender, receiver) = channel::<u32>(1).unwrap();
    let family = |wait: Receiver<()>, sender: Sender<u32>| {
        let work = |wait: Receiver<()>, sender: Sender<u32>| {
            wait.recv().unwrap();
            sender.send(1).unwrap();
        };
        Process::spawn(work, (wait, sender)).unwrap().detach();
    };
    Process::spawn(family, (wait, sender)).unwrap().join().unwrap();
    go.send(()).unwrap();
    assert_eq!(receiver.recv().unwrap(), 1);
}

#[test]
fn processes_know_themselves_their_parents_and_their_children() {
    let _watchdog = watch("a family");
    type Self_ = (String, bool, String, u32);
    fn describe() -> Self_ {
        let parent = parent().expect("a parent");
        assert!(parent.is_alive());
        (current().name().to_owned(), current().is_daemon(), parent.name, parent.id)
    }
    fn with_child(go: Receiver<()>) -> (Self_, Self_, u32) {
        go.recv().unwrap();
        let child = Process::spawn(describe, ()).unwrap().join().unwrap();
        (describe(), child, current().id())
    }
    assert!(parent().is_none());
    assert_eq!(current().name(), "MainProcess");
    let (go, wait) = channel(1).unwrap();
    let child = Process::builder().name("A").daemon(true).spawn(with_child, wait).unwrap();
    assert!(active_children().iter().any(|it| it.id == child.id() && it.name == "A" && it.daemon));
    go.send(()).unwrap();
    let id = child.id();
    let (me, grandchild, my_id) = child.join().unwrap();
    assert_eq!(my_id, id);
    assert!(!active_children().iter().any(|it| it.id == id));
    assert_eq!(
        (me.0.as_str(), me.1, me.2.as_str(), me.3),
        ("A", true, "MainProcess", std::process::id())
    );
    assert!(grandchild.0.starts_with("Process-") && grandchild.0.ends_with(":1"));
    assert_eq!((grandchild.1, grandchild.2.as_str(), grandchild.3), (true, "A", id));
    assert!(cpu_count() >= 1);
    assert!(peak_memory(std::process::id()).is_some_and(|bytes| bytes > 1 << 16));
    assert_eq!(peak_memory(0), None);
}

#[test]
fn who_asks_to_be_called_at_the_end_finds_the_child_settled() {
    let _watchdog = watch("a call at the end");
    let (sender, receiver) = std::sync::mpsc::channel();
    let builder = Process::builder().on_end(move || sender.send(()).unwrap());
    let mut child = builder.spawn(|| 5, ()).unwrap();
    receiver.recv().unwrap();
    assert_eq!(child.try_join().expect("it has ended").unwrap(), 5);

    // A panic there is nobody else's business.
    let child = Process::builder().on_end(|| panic!("at the end")).spawn(|| 6, ()).unwrap();
    assert_eq!(child.join().unwrap(), 6);
    assert_eq!(Process::spawn(|| 7, ()).unwrap().join().unwrap(), 7);

    // Nothing was started: nothing ends.
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let builder = Process::builder().current_dir("/no/such/place");
    builder.on_end(move || sender.send(()).unwrap()).spawn(forever, ()).unwrap_err();
    receiver.recv().unwrap_err();
}

#[test]
fn the_end_of_a_process_is_waited_for_beside_messages() {
    let _watchdog = watch("a wait for many");
    let first = Process::spawn(forever, ()).unwrap();
    let second = Process::spawn(forever, ()).unwrap();
    let (sender, receiver) = channel::<u8>(1).unwrap();
    let sources: [&dyn Waitable; 3] = [&receiver, first.sentinel(), second.sentinel()];
    assert_eq!(ipc::wait(&sources, Some(Duration::ZERO)).unwrap(), Vec::<usize>::new());
    second.kill().unwrap();
    assert_eq!(ipc::wait(&sources, None).unwrap(), [2]);
    sender.send(1).unwrap();
    assert_eq!(ipc::wait(&sources[..2], None).unwrap(), [0]);
    receiver.recv().unwrap();
    first.kill().unwrap();
    assert_eq!(ipc::wait(&sources[..2], None).unwrap(), [1]);
    assert!(first.join().is_err() && second.join().is_err());
}

#[test]
fn a_child_is_told_of_its_parents_end() {
    let _watchdog = watch("a family");
    fn middle(told: Sender<u32>) {
        let child = Process::builder().daemon(false).spawn(inner, told).unwrap();
        child.wait();
    }
    fn inner(told: Sender<u32>) {
        let (tell, end) = std::sync::mpsc::channel();
        ipc::rendezvous::on_parent_end(Box::new(move || tell.send(()).unwrap())).unwrap();
        told.send(1).unwrap();
        end.recv().unwrap();
        told.send(2).unwrap();
    }
    let (sender, receiver) = channel(1).unwrap();
    let parent = Process::spawn(middle, sender).unwrap();
    assert_eq!(receiver.recv().unwrap(), 1);
    parent.kill().unwrap();
    assert_eq!(receiver.recv().unwrap(), 2);
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
    parent.join().unwrap_err();
}

#[test]
fn the_thread_that_tells_of_deaths_gets_a_lock_whose_holder_died_meanwhile() {
    let _watchdog = watch("a lock of the dead");
    fn hold(lock: Shared<Lock<()>>, held: Sender<()>, die: Receiver<()>) {
        let _guard = lock.lock().unwrap();
        held.send(()).unwrap();
        let _ = die.recv();
        std::process::abort();
    }
    let lock = Shared::new(Lock::new(())).unwrap();
    let ((held, is_held), (die, told)) = (channel(1).unwrap(), channel::<()>(1).unwrap());
    let holder = Process::spawn(hold, (lock.clone(), held, told)).unwrap();
    is_held.recv().unwrap();
    let (tell, end) = std::sync::mpsc::channel();
    let wait_for_it = move || {
        tell.send(None).unwrap();
        tell.send(Some(lock.lock().is_err())).unwrap();
    };
    let other = Process::builder().on_end(wait_for_it).spawn(|| (), ()).unwrap();
    assert_eq!(end.recv().unwrap(), None);
    die.send(()).unwrap();
    assert_eq!(end.recv().unwrap(), Some(true));
    other.join().unwrap();
    holder.join().unwrap_err();
}
