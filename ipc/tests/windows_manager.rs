//! Managers whose server is a process or a thread, and their clients from everywhere.
#![cfg(windows)]

mod children;
mod watchdog;

use std::io;
use std::net::Ipv4Addr;
use std::os::windows::io::AsHandle;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use children::{LONG, Role, argument, arguments, stay, stranger};
use ipc::{
    Address, DictProxy, Host, Manager, ManagerError, QueueProxy, RemotePanic, Sender, Server,
    channel, wait,
};
use watchdog::watch;

const KEY: &[u8] = b"correct horse battery staple";

fn catch(function: &mut dyn FnMut()) -> Result<(), RemotePanic> {
    catch_unwind(AssertUnwindSafe(function)).map_err(|panic| RemotePanic {
        message: panic.downcast_ref::<&str>().copied().unwrap_or_default().to_owned(),
        location: None,
        backtrace: None,
    })
}

enum InChild {}

impl Host for InChild {
    type Running = Role;

    fn host(server: Server) -> io::Result<Role> {
        Ok(Role::start("server", server))
    }

    fn end(running: Role, _: Option<Duration>) -> bool {
        running.join();
        true
    }
}

enum InThread {}

impl Host for InThread {
    type Running = JoinHandle<()>;

    fn host(server: Server) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().spawn(move || server.run(catch).expect("it runs"))
    }

    fn end(running: JoinHandle<()>, _: Option<Duration>) -> bool {
        running.join().is_ok()
    }
}

#[test]
#[ignore = "the role of a child"]
fn server() {
    let server: Server = arguments();
    server.run(catch).expect("it runs");
}

#[test]
#[ignore = "the role of a child"]
fn client() {
    let (dict, ready): (DictProxy<String, u64>, Sender<()>) = arguments();
    let n = dict.update_value("n".to_owned(), 0, |n| std::mem::replace(n, *n + 1)).unwrap();
    assert_eq!(n, 7);
    ready.send(()).unwrap();
    stay();
}

#[test]
fn a_manager_serves_the_processes_of_its_program() {
    let _watchdog = watch("a manager");
    for manager in [Manager::start::<InChild>().unwrap(), Manager::start::<InThread>().unwrap()] {
        let dict = manager.dict::<String, u64>().unwrap();
        dict.insert("n".to_owned(), 7).unwrap();
        let (ready, told) = channel::<()>(1).unwrap();
        let mut client = Role::start("client", (dict.clone(), ready));
        told.recv_timeout(LONG).unwrap();
        client.kill();
        assert_eq!(dict.get("n".to_owned()).unwrap(), Some(8));
        let panicked = dict.update(|_| -> u32 { panic!("over there") });
        assert!(
            matches!(panicked, Err(ManagerError::Panicked(panic)) if panic.message == "over there")
        );
        manager.shutdown();
        assert!(matches!(dict.get("n".to_owned()), Err(ManagerError::Gone)));
    }
}

#[test]
#[ignore = "the role of a child"]
fn guest() {
    let address = Address::Tcp(argument().parse().unwrap());
    let there = Manager::connect(&address, KEY).unwrap();
    let queue = there.find::<QueueProxy<String>>("queue").unwrap();
    let large = queue.get().unwrap();
    queue.put(large.to_uppercase()).unwrap();
}

#[test]
fn a_manager_serves_other_programs() {
    let _watchdog = watch("a manager for others");
    for manager in [Manager::start::<InChild>().unwrap(), Manager::start::<InThread>().unwrap()] {
        let queue = manager.queue::<String>(1).unwrap();
        manager.publish("queue", &queue).unwrap();
        let anywhere = Address::Tcp((Ipv4Addr::LOCALHOST, 0).into());
        let address = manager.serve(&anywhere, KEY).unwrap();
        assert!(Manager::connect(&address, b"another key").is_err());
        let large = "large".repeat(600_000);
        queue.put(large.clone()).unwrap();
        let guest = stranger("guest", &address.to_string());
        assert_eq!(wait(&[&guest.0.as_handle()], Some(LONG)).unwrap(), [0]);
        assert!(queue.get_timeout(LONG).unwrap() == large.to_uppercase());
    }
}
