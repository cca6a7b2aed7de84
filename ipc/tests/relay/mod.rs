//! A relay between clients and a server, which can be slow, deaf and cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use ipc::Address;

pub(crate) struct Relay {
    address: Address,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    way: Mutex<Way>,
    changed: Condvar,
}

#[derive(Default)]
struct Way {
    /// Both ends of every connection.
    connections: Vec<[TcpStream; 2]>,
    /// What the clients have sent since it was told to record.
    record: Option<Vec<u8>>,
    /// Nothing is taken from the server.
    deaf: bool,
    /// One for each byte that clients may send.
    steps: Option<Receiver<()>>,
    ended: bool,
}

impl Relay {
    pub(crate) fn to(server: &Address) -> Relay {
        let Address::Tcp(server) = server.clone() else { panic!("the relay is for TCP") };
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = Address::Tcp(listener.local_addr().unwrap());
        let state = Arc::<State>::default();
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                let mut way = accepting.way.lock().unwrap();
                if way.ended {
                    return;
                }
                let (client, server) = (client.unwrap(), TcpStream::connect(server).unwrap());
                server.set_nodelay(true).unwrap();
                way.connections.push([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                let ends = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let state = Arc::clone(&accepting);
                thread::spawn(move || carry_requests(&state, ends.0, ends.1));
                let state = Arc::clone(&accepting);
                thread::spawn(move || carry_replies(&state, server, client));
            }
        });
        Relay { address, state }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    fn change(&self, change: impl FnOnce(&mut Way)) {
        change(&mut self.state.way.lock().unwrap());
        self.state.changed.notify_all();
    }

    /// From now on a byte of the client's goes on for each that is sent here, until it is dropped.
    pub(crate) fn one_by_one(&self) -> SyncSender<()> {
        let (step, steps) = sync_channel(1);
        self.change(|way| way.steps = Some(steps));
        step
    }

    /// Keeps what clients send from now on.
    pub(crate) fn record(&self) {
        self.change(|way| way.record = Some(Vec::new()));
    }

    /// Takes nothing from the server any more.
    pub(crate) fn be_deaf(&self) {
        self.change(|way| way.deaf = true);
    }

    /// Sends what was recorded so many times again.
    pub(crate) fn ask_again(&self, times: usize) {
        let mut way = self.state.way.lock().unwrap();
        let record = way.record.take().unwrap();
        let [_, server] = way.connections.last_mut().unwrap();
        server.write_all(&record.repeat(times)).unwrap();
    }

    /// Cuts the connection that was made last.
    pub(crate) fn cut_last(&self) {
        self.change(|way| {
            for end in way.connections.pop().into_iter().flatten() {
                let _ = end.shutdown(Shutdown::Both);
            }
        });
    }

    /// Cuts every connection there is.
    pub(crate) fn cut(&self) {
        self.change(|way| {
            way.deaf = false;
            for end in way.connections.drain(..).flatten() {
                let _ = end.shutdown(Shutdown::Both);
            }
        });
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.change(|way| way.ended = true);
        self.cut();
        if let Address::Tcp(address) = self.address {
            // Wakes the one who accepts.
            drop(TcpStream::connect(address));
        }
    }
}

fn carry_requests(state: &State, mut client: TcpStream, mut server: TcpStream) {
    let mut buffer = [0; 1 << 16];
    while let Ok(some @ 1..) = client.read(&mut buffer) {
        let mut way = state.way.lock().unwrap();
        if let Some(record) = &mut way.record {
            record.extend(&buffer[..some]);
        }
        let steps = way.steps.take();
        drop(way);
        let sent = match &steps {
            Some(steps) => buffer[..some].iter().try_for_each(|byte| {
                // One who waits no more for the last steps lets all go.
                let _ = steps.recv();
                server.write_all(&[*byte])
            }),
            None => server.write_all(&buffer[..some]),
        };
        if steps.is_some() {
            state.way.lock().unwrap().steps = steps;
        }
        if sent.is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}

fn carry_replies(state: &State, mut server: TcpStream, mut client: TcpStream) {
    let mut buffer = [0; 1 << 16];
    loop {
        let way = state.way.lock().unwrap();
        drop(state.changed.wait_while(way, |way| way.deaf).unwrap());
        match server.read(&mut buffer) {
            Ok(some @ 1..) if client.write_all(&buffer[..some]).is_ok() => {}
            _ => break,
        }
    }
    let _ = client.shutdown(Shutdown::Write);
}
