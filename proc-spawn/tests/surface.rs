//! Every name that users rely on, with what they rely on of it. What this test tests is that it
//! compiles; it runs to show that the names mean what they say.

mod watchdog;

use std::fmt::Debug;
use std::process::{ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::time::Duration;
use std::{error, io};

use proc_spawn::{
    Builder, Call, ChildInfo, CurrentProcess, Failure, Join, JoinError, Location, Panic, Parent,
    Process, Run, Sentinel, Spawn, SpawnError, StartMethod, Stdio, Thread, active_children,
    cpu_count, current, forkserver_preload, init, parent, set_start_method,
};
use serde::{Deserialize, Serialize};
use watchdog::watch;

proc_spawn::enable_test_support!();

fn tick() {}

fn bump(counter: u32) -> u32 {
    counter + 1
}

fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[derive(Serialize, Deserialize)]
struct Task(u32);

impl Run for Task {
    type Output = u32;

    fn run(self) -> u32 {
        self.0
    }
}

fn generic<W: Spawn>() -> Result<u32, Failure> {
    let handle: W::Handle<u32> = W::spawn(bump, 1)?;
    let task = W::start(Task(5))?;
    Ok(handle.join()? + task.join()?)
}

/// Everything that can be asked of a process that has ended with 3.
fn ask(mut child: Process<i64>) {
    let _: (u32, &str) = (child.id(), child.name());
    let status: ExitStatus = child.wait();
    let _: Option<ExitStatus> = child.wait_timeout(Duration::ZERO);
    assert_eq!((child.exit_status(), child.exitcode()), (Some(status), Some(0)));
    assert!(!child.is_alive());
    let _: (io::Result<()>, io::Result<()>) = (child.terminate(), child.kill());
    let sentinel: &Sentinel = child.sentinel();
    assert_eq!(ipc::wait(&[sentinel], None).unwrap(), [0]);
    let _: Option<ChildStdin> = child.take_stdin();
    let _: Option<ChildStdout> = child.take_stdout();
    let _: Option<ChildStderr> = child.take_stderr();
    let first: Option<Result<i64, JoinError>> = child.try_join();
    assert!(matches!(first, Some(Ok(3))));
    let second: Option<Result<i64, JoinError>> = child.join_timeout(Duration::ZERO);
    assert!(matches!(second, Some(Err(JoinError::Taken))));
    child.detach();
}

fn everything_that_can_be_set() -> Builder<Process> {
    Process::builder()
        .name("surface")
        .daemon(true)
        .start_method(StartMethod::default())
        .env_clear()
        .env("KEY", "value")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .memory_limit(1 << 30)
        .cpu_time_limit(Duration::from_secs(60))
        .nice(1)
        .affinity(0..1)
}

/// An error that can be handed on to other threads and kept.
fn is_error<E: error::Error + Send + Sync + Debug + 'static>() {}

fn ends(error: JoinError) {
    match error {
        JoinError::Panicked(Panic { message, location, backtrace, thread }) => {
            let _: (String, Option<Location>) = (message, location);
            let _: (Option<String>, Option<String>) = (backtrace, thread);
        }
        JoinError::Crashed { signal, core_dumped } => assert!(signal > 0 && !core_dumped),
        JoinError::Exited { code } => assert!(code >= 0),
        JoinError::Decode(error) => drop(error),
        _ => {}
    }
}

#[test]
fn the_whole_surface_is_there() {
    let _watchdog = watch("the surface");
    Process::spawn(tick, ()).unwrap().join().unwrap();
    assert_eq!(Process::spawn(bump, 1).unwrap().join().unwrap(), 2);
    ask(Process::spawn(add, (1, 2)).unwrap());
    ask(everything_that_can_be_set().spawn(add, (1, 2)).unwrap());
    assert_eq!(everything_that_can_be_set().start(Task(7)).unwrap().join().unwrap(), 7);
    assert_eq!(generic::<Process>().unwrap(), 7);
    assert_eq!(generic::<Thread>().unwrap(), 7);
    let captured = 4;
    assert_eq!(Thread::spawn(move |n: i32| n + captured, 1).unwrap().join().unwrap(), 5);
    let named = Thread::builder().name("t").daemon(true).spawn(tick, ()).unwrap();
    assert_eq!(named.name(), "t");
    named.join().unwrap();
    assert_eq!(Thread::start(Task(8)).unwrap().join().unwrap(), 8);

    is_error::<SpawnError>();
    is_error::<JoinError>();
    let _: fn(JoinError) = ends;
    let _: fn() = init;
    let me: CurrentProcess = current();
    assert_eq!((me.id(), me.name()), (std::process::id(), "MainProcess"));
    let _: Option<Parent> = parent();
    let who = || parent().map(|Parent { id, name, .. }| (id, name, parent().unwrap().is_alive()));
    let (id, name, alive) = Process::spawn(who, ()).unwrap().join().unwrap().unwrap();
    assert_eq!((id, name.as_str(), alive), (me.id(), "MainProcess", true));
    let _: Vec<ChildInfo> = active_children();
    let _: usize = cpu_count();
    let _: SpawnError = SpawnError::NotInitialized;
    assert!(SpawnError::NotInitialized.to_string().contains("proc_spawn::init();"));

    set_start_method(StartMethod::Spawn);
    forkserver_preload(tick).unwrap();
    assert_eq!(Call::call(add, (1, 2)), 3);
}
