//! `Manager`.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use sync_prims::Deadline;

use super::error::ManagerError;
use super::function::Created;
use super::host::Host;
use super::lease::{Lease, Rented, Token};
use super::link::Link;
use super::managed::{Managed, Typed};
use super::protocol::Request;
use super::proxy::Proxy;
use super::server::{Server, kind_of};
use crate::channel::{Receiver, Sender, Untyped, channel};
use crate::entry;
use crate::error::RecvError;
use crate::listener::Address;
use crate::queue::Queue;

/// A server that holds objects, and the right to end it.
///
/// Whoever has a proxy of an object can use it, from whatever process of the program. What a proxy's method
/// does is done at the server, one call of an object after the other. Use a [`Value`](crate::Value) or
/// another handle to shared memory where speed counts: a call costs a round trip. Use a manager for what has
/// no fixed size, such as a dict, and for types of your own with
/// [`#[ipc::managed]`](macro@crate::managed).
///
/// # Process death
///
/// A client that dies, at whatever moment, gives back what it held or waited for: locks, permits, its share
/// in objects. A call that it had sent is done or not done. If the server dies, every call is
/// [`ManagerError::Gone`] at once, those that are waiting too, and so it is when the process with the
/// `Manager` is gone, as the server ends then. What the server held is lost.
///
/// # Examples
///
/// ```
/// use ipc::Manager;
/// use proc_spawn::{Failure, Process};
///
/// fn visit(pages: ipc::DictProxy<String, u32>, page: String) -> Result<(), Failure> {
///     // At the server, in one step: no visit is lost.
///     pages.update_value(page, 0, |visits| *visits += 1)?;
///     Ok(())
/// }
///
/// #[proc_spawn::main]
/// fn main() -> Result<(), Failure> {
///     let manager = Manager::start::<Process>()?;
///     let pages = manager.dict::<String, u32>()?;
///     let visitors = ["a", "b", "a"].map(|page| Process::spawn(visit, (pages.clone(), page.to_owned())));
///     for visitor in visitors {
///         visitor?.join()??;
///     }
///     assert_eq!(pages.get("a".to_owned())?, Some(2));
///     Ok(())
/// }
/// ```
pub struct Manager {
    pub(super) link: Arc<Link>,
    /// A mutex, so that threads can share the manager; whoever ends it has it alone.
    running: Mutex<Option<Running>>,
}

struct Running {
    end: Box<dyn FnOnce(Option<Duration>) -> bool + Send>,
    /// When it is dropped the server ends.
    control: Sender<()>,
    /// Disconnected when all its threads have ended.
    alive: Receiver<()>,
}

impl Manager {
    /// Starts a server: `start::<Process>()` in a process of its own, `start::<Thread>()` on threads of this
    /// one. It is there when this returns.
    ///
    /// # Errors
    /// Why the host could not start it; [`ManagerError::Gone`] if it ended before it could answer.
    pub fn start<H: Host>() -> Result<Manager, ManagerError> {
        let (requests, inbox) = Queue::<Untyped>::unbounded()?.halves()?;
        let (control, controlled) = channel(1)?;
        let (alive, is_alive) = channel(1)?;
        let running = H::host(Server { inbox, control: controlled, alive })?;
        let end = Box::new(move |patience| H::end(running, patience));
        let running = Mutex::new(Some(Running { end, control, alive: is_alive }));
        let manager = Manager { link: Link::to(requests), running };
        manager.pid()?;
        Ok(manager)
    }

    /// The id of the process that the server runs in.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn pid(&self) -> Result<u32, ManagerError> {
        self.link.server_pid()
    }

    /// Creates an object of a type of your own. [`Managed::create`] runs at the server.
    ///
    /// # Errors
    /// [`ManagerError::Panicked`] if that panicked, and whatever else kept it from being created.
    pub fn create<T: Managed>(&self, args: T::Args) -> Result<T::Proxy, ManagerError> {
        let constructor = entry::name::<Created<T>>()?;
        self.obtain::<T>(&Request::Create { constructor }, args)
    }

    /// Has the server know an object by a name, for those who [`find`](Manager::find) it. It keeps the object
    /// alive, until another is published under that name or the server ends.
    ///
    /// # Errors
    /// [`ManagerError::NoSuchObject`] if the proxy is of another manager, and [`ManagerError::Gone`].
    pub fn publish<P: Typed>(&self, name: &str, proxy: &P) -> Result<(), ManagerError> {
        proxy.publish_at(self, name)
    }

    /// What typed proxies are published by.
    #[doc(hidden)]
    pub fn publish_object<T: 'static>(
        &self,
        name: &str,
        proxy: &Proxy<T>,
    ) -> Result<(), ManagerError> {
        if !proxy.is_of(&self.link) {
            return Err(ManagerError::NoSuchObject);
        }
        self.link.ask(&Request::Publish { object: proxy.object() }, name)
    }

    /// Finds the object that was [published](Manager::publish) under a name.
    ///
    /// # Errors
    /// [`ManagerError::NoSuchObject`] if there is none, [`ManagerError::WrongType`] if it is of another type,
    /// and [`ManagerError::Gone`].
    pub fn find<P: Typed>(&self, name: &str) -> Result<P, ManagerError> {
        P::find_at(self, name)
    }

    /// What typed proxies are found by.
    #[doc(hidden)]
    pub fn find_object<T: Managed>(&self, name: &str) -> Result<T::Proxy, ManagerError> {
        let request = Request::Find { kind: kind_of::<T>() };
        self.obtain::<T>(&request, name)
    }

    /// Asks for a proxy.
    fn obtain<T: Managed>(
        &self,
        request: &Request,
        args: impl Serialize,
    ) -> Result<T::Proxy, ManagerError> {
        let link = Arc::clone(&self.link);
        let (object, lease) = if self.link.inbox().is_some() {
            let (object, lease) = self.link.ask::<_, (u64, Sender<Token<T>>)>(request, args)?;
            (object, Lease::Program(lease))
        } else {
            let object = self.link.ask(request, args)?;
            (object, Lease::Network(Arc::new(Rented { link: Arc::clone(&link), object })))
        };
        Ok(Proxy::new(link, object, lease).into())
    }

    /// Has the server listen for clients that are not of this program, and tells where: with port 0 it is a
    /// free one. They [`connect`](Manager::connect) with the same key, and find what was
    /// [published](Manager::publish). It serves there until it ends.
    ///
    /// Whoever knows the key can call any function that a program of this build calls on a managed object.
    /// What goes over the network is not encrypted.
    ///
    /// # Errors
    /// [`ManagerError::Io`]: as for [`Listener::bind`](crate::Listener::bind).
    pub fn serve(&self, address: &Address, authkey: &[u8]) -> Result<Address, ManagerError> {
        self.link.ask(&Request::Serve, (address, authkey))
    }

    /// Connects to a server that [serves](Manager::serve) at the address with that key: of this build, and of
    /// whatever program, on this host or another. Objects are then created and found as by its own
    /// program. What goes to the server and comes back can have no handles in it, and the proxies stay with
    /// this process. Dropping this manager does not end the server.
    ///
    /// # Errors
    /// [`ManagerError::Io`]: as for [`Client::connect`](crate::Client::connect);
    /// [`ManagerError::OtherBuild`].
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::{Address, DictProxy, Manager};
    /// use proc_spawn::Thread;
    ///
    /// let manager = Manager::start::<Thread>()?;
    /// manager.publish("scores", &manager.dict::<String, u32>()?)?;
    /// let address = manager.serve(&Address::Tcp(([127, 0, 0, 1], 0).into()), b"a shared secret")?;
    ///
    /// // On another host.
    /// let elsewhere = Manager::connect(&address, b"a shared secret")?;
    /// let scores = elsewhere.find::<DictProxy<String, u32>>("scores")?;
    /// scores.insert("Ada".to_owned(), 3)?;
    /// assert_eq!(scores.get("Ada".to_owned())?, Some(3));
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    pub fn connect(address: &Address, authkey: &[u8]) -> Result<Manager, ManagerError> {
        let manager = Manager { link: Link::over(address, authkey), running: Mutex::default() };
        manager.pid()?;
        Ok(manager)
    }

    /// Ends the server, and waits until it has ended. Calls that wait or run at the time are
    /// [`ManagerError::Gone`] at once. A function that runs ends with a process, and is not waited for on a thread,
    /// where it runs on to a result that nobody gets. Dropping the manager does the same.
    pub fn shutdown(mut self) {
        self.end(None);
    }

    /// Ends the server as [`shutdown`](Manager::shutdown), and waits at most that long until it has ended, with the
    /// functions that run at the time; a process is ended by force after that. `false` if one runs on, which a thread
    /// may.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> bool {
        self.end(Some(timeout))
    }

    fn end(&mut self, patience: Option<Duration>) -> bool {
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(Running { end, control, alive }) = running.take() else { return true };
        drop(control);
        let deadline = patience.map(Deadline::after);
        end(patience)
            && deadline
                .and_then(|deadline| deadline.remaining())
                .is_none_or(|rest| matches!(alive.recv_timeout(rest), Err(RecvError::Disconnected)))
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.end(None);
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").finish_non_exhaustive()
    }
}
