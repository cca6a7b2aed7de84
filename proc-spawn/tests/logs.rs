//! What children log, as the logger of their parent has it. Each test has its logger in a process of its
//! own.

mod sys;
mod watchdog;

use std::sync::OnceLock;
use std::thread;

use ipc::{Receiver, RecvError, Sender, channel};
use log::{LevelFilter, Log, Metadata, Record, debug, error, info};
use proc_spawn::{JoinError, Process};
use sys::METHODS;
use watchdog::watch;

proc_spawn::enable_test_support!();

/// A logger that sends lines to the test.
struct Lines(Sender<String>);

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() != "unwanted"
    }

    fn log(&self, record: &Record<'_>) {
        let (level, target) = (record.level(), record.target());
        let place = record.file().is_some_and(|file| file.ends_with("logs.rs"));
        let line = record.line().is_some() && record.module_path().is_some_and(|it| !it.is_empty());
        let text = record.args().to_string();
        assert!(!text.ends_with("dreadful"), "a logger that panics");
        self.0.send(format!("{level} {target} {} {text}", place && line)).unwrap();
    }

    fn flush(&self) {}
}

/// Makes this process one that logs.
fn log_to(lines: Sender<String>, level: LevelFilter) {
    static LOGGER: OnceLock<Lines> = OnceLock::new();
    log::set_logger(LOGGER.get_or_init(|| Lines(lines))).unwrap();
    log::set_max_level(level);
}

fn lines() -> (Sender<String>, Receiver<String>) {
    channel(4000).unwrap()
}

#[test]
fn records_of_children_and_their_children_come_with_their_names() {
    let _watchdog = watch("records");
    let family = |lines: Sender<String>| {
        log_to(lines, LevelFilter::Info);
        for &method in METHODS {
            let talk = || {
                info!(target: "t", "hello");
                debug!("not at this level");
                error!(target: "unwanted", "not for this logger");
                error!("dreadful");
                let child = || {
                    log::set_max_level(LevelFilter::Trace);
                    log::trace!("its own level");
                };
                Process::builder().name("B").spawn(child, ()).unwrap().join().unwrap();
            };
            let child = Process::builder().name("A").start_method(method).spawn(talk, ());
            child.unwrap().join().unwrap();
        }
        info!("mine");
    };
    let (sender, receiver) = lines();
    let quiet = Process::builder().stderr(proc_spawn::Stdio::null());
    quiet.spawn(family, sender).unwrap().join().unwrap();
    let all: Vec<_> = receiver.iter().collect();
    let (mine, theirs): (Vec<_>, Vec<_>) = all.iter().partition(|line| line.ends_with("mine"));
    assert_eq!(mine, ["INFO logs true mine"]);
    let both = ["INFO t true [A] hello", "TRACE logs true [B] its own level"];
    assert_eq!(theirs, both.repeat(METHODS.len()));
}

#[test]
fn what_children_log_before_the_exit_is_logged_before_the_exit() {
    let _watchdog = watch("an exit");
    let family = |lines: Sender<String>| {
        log_to(lines, LevelFilter::Info);
        drop(Process::spawn(|| (0..1000).for_each(|n| info!("{n}")), ()).unwrap());
    };
    let (sender, receiver) = lines();
    Process::spawn(family, sender).unwrap().join().unwrap();
    let all: Vec<_> = receiver.iter().collect();
    assert_eq!(all.len(), 1000);
    let last = all.last().unwrap();
    assert!(last.starts_with("INFO logs true [Process-") && last.ends_with(":1] 999"), "{last}");
}

#[test]
fn children_of_a_process_that_does_not_log_do_not_log() {
    let _watchdog = watch("silence");
    let family = |lines: Sender<String>| {
        log_to(lines, LevelFilter::Off);
        let level = || log::max_level() as usize;
        assert_eq!(Process::spawn(level, ()).unwrap().join().unwrap(), LevelFilter::Off as usize);
    };
    let (sender, receiver) = lines();
    Process::spawn(family, sender).unwrap().join().unwrap();
    assert!(matches!(receiver.recv(), Err(RecvError::Disconnected)));
}

#[test]
fn a_child_whose_logger_was_killed_with_its_parent_goes_on() {
    let _watchdog = watch("a dead logger");
    let family = |lines: Sender<String>, go: Receiver<()>, done: Sender<u32>| {
        log_to(lines, LevelFilter::Info);
        let talk = |go: Receiver<()>, done: Sender<u32>| {
            done.send(0).unwrap();
            go.recv().unwrap();
            // Far more than there is room for.
            (0..2000).for_each(|n| info!("{n}"));
            done.send(2000).unwrap();
        };
        drop(Process::spawn(talk, (go, done)).unwrap());
        loop {
            thread::park();
        }
    };
    let (sender, _lines) = lines();
    let (go, wait) = channel::<()>(1).unwrap();
    let (done, said) = channel::<u32>(1).unwrap();
    let parent: Process<()> = Process::spawn(family, (sender, wait, done)).unwrap();
    assert_eq!(said.recv().unwrap(), 0);
    parent.kill().unwrap();
    assert!(matches!(parent.join(), Err(JoinError::Crashed { signal: 9, .. })));
    go.send(()).unwrap();
    assert_eq!(said.recv().unwrap(), 2000);
}
