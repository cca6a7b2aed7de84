//! One thread deals with all connections of clients that are not of the program: it lets them in, reads their
//! requests and hands those to the crew.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::core::Core;
use super::line::{Line, Link, Way};
use super::wire::Wire;
use crate::error::RecvError;
use crate::listener::{Address, Listener};
use crate::manager::function::Client;
use crate::manager::protocol::{Envelope, Greeting, Refusal, Request, Welcome};
use crate::message::decode_plain;
use crate::pipe::{Connection, RecvHalf};
use crate::sys::descriptor::{AsDescriptor, Descriptor};
use crate::sys::epoll::{Epoll, Ready};
use crate::sys::image;
use crate::sys::life::Doorbell;

/// What the doorbell is known by. Everything else has a number of the server's own, from 1.
const DOORBELL: u64 = 0;

/// How long nobody is let in when the system had no descriptor for one.
const PAUSE: Duration = Duration::from_secs(1);

/// What others leave for the thread, and how they wake it. Made when it is first needed.
#[derive(Default)]
pub(super) struct Gate(Mutex<Option<Reached>>);

struct Reached {
    shared: Arc<Shared>,
    thread: thread::JoinHandle<()>,
}

struct Shared {
    doorbell: Doorbell,
    new: Mutex<News>,
}

#[derive(Default)]
struct News {
    listeners: Vec<Listener>,
    ended: bool,
}

impl Shared {
    fn news(&self) -> MutexGuard<'_, News> {
        self.new.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    fn reached(&self) -> MutexGuard<'_, Option<Reached>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens at one more address, and tells where.
    pub(super) fn open(
        &self,
        core: &Arc<Core>,
        address: &Address,
        key: &[u8],
    ) -> io::Result<Address> {
        let listener = Listener::bind(address, key)?;
        let address = listener.address().clone();
        let mut reached = self.reached();
        let shared = match &*reached {
            Some(reached) => Arc::clone(&reached.shared),
            None => {
                let doorbell = Doorbell::new()?;
                let shared = Arc::new(Shared { doorbell, new: Mutex::default() });
                let keeper = Keeper::new(Arc::clone(core), Arc::clone(&shared))?;
                let thread = thread::Builder::new().name("tandem-gate".into());
                let thread = thread.spawn(move || keeper.run())?;
                *reached = Some(Reached { shared: Arc::clone(&shared), thread });
                shared
            }
        };
        shared.news().listeners.push(listener);
        shared.doorbell.ring();
        Ok(address)
    }

    /// Closes every connection, and waits for the thread.
    pub(super) fn close(&self) {
        let Some(Reached { shared, thread }) = self.reached().take() else { return };
        shared.news().ended = true;
        shared.doorbell.ring();
        // It runs no code of the user's, so a panic would be a fault of ours, which the hook has printed.
        let _ = thread.join();
    }
}

/// The thread's own.
struct Keeper {
    core: Arc<Core>,
    shared: Arc<Shared>,
    events: Arc<Epoll>,
    listeners: HashMap<u64, Listener>,
    guests: HashMap<u64, Guest>,
    /// Nobody is let in for now.
    paused: bool,
}

/// A connection.
struct Guest {
    recv: RecvHalf<()>,
    wire: Arc<Wire>,
    /// Once it has said who it is.
    line: Option<Arc<Line>>,
}

impl Keeper {
    fn new(core: Arc<Core>, shared: Arc<Shared>) -> io::Result<Keeper> {
        let events = Arc::new(Epoll::new()?);
        events.add_numbered(shared.doorbell.descriptor(), DOORBELL)?;
        let (listeners, guests) = (HashMap::new(), HashMap::new());
        Ok(Keeper { core, shared, events, listeners, guests, paused: false })
    }

    fn run(mut self) {
        while self.take_news() {
            let ends = self.listeners.values().filter_map(Listener::next_end);
            let timeout = ends.chain(self.paused.then_some(PAUSE)).min();
            let Ok(ready) = self.events.wait_numbered(timeout) else { break };
            if ready.is_empty() && self.paused {
                self.pause(false);
            }
            for ready in &ready {
                if self.guests.contains_key(&ready.number) {
                    self.serve(*ready);
                }
            }
            // Also those who are too slow.
            self.let_in();
        }
    }

    /// `false` when it is over.
    fn take_news(&mut self) -> bool {
        self.shared.doorbell.clear();
        let mut news = self.shared.news();
        let (listeners, ended) = (std::mem::take(&mut news.listeners), news.ended);
        drop(news);
        for listener in listeners {
            let number = self.core.new_id();
            if self.events.add_numbered(listener.descriptor(), number).is_ok() {
                self.listeners.insert(number, listener);
            }
        }
        !ended
    }

    fn pause(&mut self, pause: bool) {
        for (number, listener) in &self.listeners {
            let _ = self.events.heed_numbered(listener.descriptor(), *number, !pause, false);
        }
        self.paused = pause;
    }

    fn let_in(&mut self) {
        let mut come = Vec::new();
        let mut pause = false;
        for listener in self.listeners.values() {
            loop {
                match listener.accept_timeout::<(), ()>(Duration::ZERO) {
                    Ok(connection) => come.push(connection),
                    // One that was refused; there may be others.
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                    Err(error) => {
                        pause |= error.kind() != io::ErrorKind::TimedOut;
                        break;
                    }
                }
            }
        }
        if pause && !self.paused {
            self.pause(true);
        }
        come.into_iter().for_each(|connection| self.welcome(connection));
    }

    fn welcome(&mut self, connection: Connection<(), ()>) {
        let number = self.core.new_id();
        let (send, recv) = connection.split();
        let Some(socket) = recv.socket().cloned() else { return };
        if self.events.add_numbered(socket.descriptor(), number).is_ok() {
            let wire = Arc::new(Wire::new(number, socket, Arc::clone(&self.events), send));
            self.guests.insert(number, Guest { recv, wire, line: None });
        }
    }

    fn serve(&mut self, Ready { number, read, gone }: Ready) {
        let Some(guest) = self.guests.get_mut(&number) else { return };
        let served = match (read, gone) {
            (true, _) => guest.read(&self.core),
            (false, true) => guest.hear_last_word(),
            (false, false) => guest.wire.flush().is_ok(),
        };
        if !served {
            self.take_leave(number);
        }
    }

    /// The client is gone, and with it all its connections.
    fn take_leave(&mut self, number: u64) {
        let Some(guest) = self.guests.remove(&number) else { return };
        guest.hang_up(&self.events);
        if let Some(line) = &guest.line {
            let link = line.link.client.link;
            // Before anybody can greet as a client that will hear no more.
            line.link.set_gone();
            let is_its = |_: &u64, guest: &mut Guest| {
                guest.line.as_ref().is_some_and(|line| line.link.client.link == link)
            };
            // Before the objects hear of it: what they answer then is not meant for one that lives.
            for (_, guest) in self.guests.extract_if(is_its) {
                guest.hang_up(&self.events);
            }
            self.core.tell(&Envelope::LinkGone { link });
        }
        if self.paused {
            self.pause(false);
        }
    }
}

impl Guest {
    fn descriptor(&self) -> Descriptor<'_> {
        self.recv.socket().expect("it goes over a socket").descriptor()
    }

    fn hang_up(&self, events: &Epoll) {
        let _ = events.remove(self.descriptor());
        self.wire.hang_up();
    }

    /// Reads what has come; `false` if the client is gone or talks nonsense.
    fn read(&mut self, core: &Arc<Core>) -> bool {
        let bytes = match self.recv.recv_bytes_timeout(Duration::ZERO) {
            Ok(bytes) => bytes,
            Err(RecvError::Timeout) => return true,
            Err(_) => return false,
        };
        let Some(line) = &self.line else {
            return decode_plain(&bytes, |decoder| Ok(self.greet(core, &decoder.take()?)))
                .unwrap_or(false);
        };
        if self.wire.pause().is_err() {
            return false;
        }
        match core.read_from_elsewhere(line, bytes) {
            Ok(true) => true,
            // There is no reply to that.
            Ok(false) => self.wire.flush().is_ok(),
            Err(_) => false,
        }
    }

    /// The client is gone while nothing was read. It may have received the last reply before that.
    fn hear_last_word(&mut self) -> bool {
        if let (Some(line), Ok(bytes)) = (&self.line, self.recv.recv_bytes_timeout(Duration::ZERO))
            && let Ok(Request::Received) = decode_plain(&bytes, |decoder| decoder.take())
        {
            line.received();
        }
        false
    }

    fn greet(&mut self, core: &Core, greeting: &Greeting) -> bool {
        let ours = &image::main().build_id;
        let new_id = core.new_id();
        let refuse = |why| {
            // Whoever does not hear of it finds the connection closed.
            let client = Client { link: new_id, thread: 0, pid: greeting.pid };
            let line =
                Line::new(new_id, Arc::new(Link::new(client)), Way::Network(self.wire.clone()));
            line.refuse(why);
            false
        };
        if greeting.build != *ours {
            return refuse(Refusal::OtherBuild { server: ours.clone() });
        }
        let link = match greeting.link {
            Some(link) => match core.table.link(link) {
                Some(link) if !link.is_gone() => link,
                _ => return refuse(Refusal::TakenForGone),
            },
            None => {
                let client = Client { link: new_id, thread: 0, pid: greeting.pid };
                let link = Arc::new(Link::new(client));
                core.table.add_link(Arc::clone(&link));
                link
            }
        };
        let line = Arc::new(Line::new(core.new_id(), link, Way::Network(Arc::clone(&self.wire))));
        core.table.add_line(Arc::clone(&line));
        let link = line.link.client.link;
        line.reply(Welcome { link, line: line.id, pid: std::process::id() });
        self.line = Some(line);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::watch::Nudge;
    use super::{Address, Arc, Core, Duration, Envelope};
    use crate::channel::{Untyped, channel};
    use crate::manager::error::{ManagerError, RemotePanic};
    use crate::manager::link::open_over;

    const KEY: &[u8] = b"correct horse battery staple";

    fn no_panic(run: &mut dyn FnMut()) -> Result<(), RemotePanic> {
        run();
        Ok(())
    }

    #[test]
    fn a_client_that_is_gone_is_not_greeted_before_anybody_has_buried_it() {
        let (_, inbox) = channel::<Untyped>(9).unwrap();
        let (alive, _) = channel(1).unwrap();
        let (nudge, _) = Nudge::new().unwrap();
        // Nobody reads its inbox: so long a crew may take.
        let core = Arc::new(Core::new(inbox, no_panic, nudge, alive).unwrap());
        let address = Address::Tcp(([127, 0, 0, 1], 0).into());
        let address = core.gate.open(&core, &address, KEY).unwrap();
        let (line, known, _) = open_over(&address, KEY, None).unwrap();
        // A living client has any number of connections.
        let (second, welcome, _) = open_over(&address, KEY, Some(known.link)).unwrap();
        assert_eq!(welcome.link, known.link);
        drop(line);
        let minute = Duration::from_secs(60);
        let told = core.inbox.recv_timeout_with(minute, |decoder| decoder.take()).unwrap();
        assert!(matches!(told, Envelope::LinkGone { link } if link == known.link), "{told:?}");
        let again = open_over(&address, KEY, Some(known.link)).map(drop);
        assert!(matches!(again, Err(ManagerError::Gone)), "{again:?}");
        core.gate.close();
        drop(second);
    }
}
