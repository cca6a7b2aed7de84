//! Conditions.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lock::{LockState, Taken};
use super::typed::typed_proxy;
use crate::manager::error::ManagerError;
use crate::manager::front::Manager;
use crate::manager::function::Client;
use crate::manager::managed::Managed;

/// A lock, and who waits to be notified; what a [`ConditionProxy`] is a proxy of.
#[derive(Debug, Default)]
pub struct ConditionState {
    lock: LockState<true>,
    waiting: VecDeque<Waiter>,
    next: u64,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    client: Client,
    notified: bool,
}

/// How far a wait has come.
#[derive(Debug, Serialize, Deserialize)]
enum Wait {
    Begins,
    /// The lock is given up, at that depth.
    Waits {
        ticket: u64,
        depth: u32,
    },
    /// It only waits for the lock now.
    TimedOut {
        depth: u32,
    },
}

/// What a wait has come to.
#[derive(Debug, Serialize, Deserialize)]
enum Waited {
    Notified(Taken),
    TimedOut(Taken),
    NotLocked,
}

impl ConditionState {
    fn wait(&mut self, wait: &mut Wait, client: &Client) -> Option<Waited> {
        match *wait {
            Wait::Begins => {
                let Some(depth) = self.lock.give_all(client) else {
                    return Some(Waited::NotLocked);
                };
                let ticket = self.next;
                self.next += 1;
                self.waiting.push_back(Waiter { ticket, client: *client, notified: false });
                *wait = Wait::Waits { ticket, depth };
                None
            }
            Wait::Waits { ticket, depth } => {
                let place = self.waiting.iter().position(|waiter| waiter.ticket == ticket)?;
                if !self.waiting[place].notified {
                    return None;
                }
                let taken = self.lock.take_all(client, depth)?;
                self.waiting.remove(place);
                Some(Waited::Notified(taken))
            }
            Wait::TimedOut { depth } => self.lock.take_all(client, depth).map(Waited::TimedOut),
        }
    }

    /// The time is up. One that was notified by then goes on as such.
    fn stop(&mut self, wait: &mut Wait, client: &Client) -> Option<Waited> {
        if let Wait::Waits { ticket, depth } = *wait {
            let place = self.waiting.iter().position(|waiter| waiter.ticket == ticket)?;
            if !self.waiting[place].notified {
                self.waiting.remove(place);
                *wait = Wait::TimedOut { depth };
            }
        }
        self.wait(wait, client)
    }

    /// An answer of which nobody was told: what it was notified of is somebody else's news.
    fn take_back(&mut self, waited: Waited, client: &Client) {
        match waited {
            Waited::Notified(taken) => {
                self.lock.take_all_back(taken, client);
                self.notify(1);
            }
            Waited::TimedOut(taken) => self.lock.take_all_back(taken, client),
            Waited::NotLocked => {}
        }
    }

    fn notify(&mut self, count: usize) {
        let waiting = self.waiting.iter_mut().filter(|waiter| !waiter.notified);
        waiting.take(count).for_each(|waiter| waiter.notified = true);
    }
}

impl Managed for ConditionState {
    type Args = ();
    type Proxy = ConditionProxy;
    const HEARS_OF_DEATHS: bool = true;

    fn create((): ()) -> ConditionState {
        ConditionState::default()
    }

    fn is_plain() -> bool {
        true
    }

    fn client_gone(&mut self, client: &Client) {
        self.lock.forget(client);
        // What it was notified of is somebody else's news.
        let mut unheard = 0;
        self.waiting.retain(|waiter| {
            let gone = waiter.client.is_same_process(client);
            unheard += usize::from(gone && waiter.notified);
            !gone
        });
        self.notify(unheard);
    }
}

typed_proxy! {
    /// A condition with its lock, which a manager's server holds. Use a
    /// [`Condition`](sync_prims::process::Condition) in a [`Shared`](crate::Shared) where no manager is needed
    /// otherwise.
    ///
    /// The lock is re-entrant; a wait gives up every level of it and takes them back.
    ///
    /// # Process death
    ///
    /// As for a [`LockProxy`](crate::LockProxy). No death swallows another's notification.
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::Manager;
    /// use proc_spawn::Thread;
    ///
    /// let manager = Manager::start::<Thread>()?;
    /// let (condition, ready) = (manager.condition()?, manager.value(false)?);
    /// let waiter = std::thread::spawn({
    ///     let (condition, ready) = (condition.clone(), ready.clone());
    ///     move || -> Result<(), ipc::ManagerError> {
    ///         let guard = condition.lock()?;
    ///         while !ready.get()? {
    ///             guard.wait()?;
    ///         }
    ///         Ok(())
    ///     }
    /// });
    /// let guard = condition.lock()?;
    /// ready.set(true)?;
    /// condition.notify_all()?;
    /// drop(guard);
    /// waiter.join().unwrap()?;
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    ConditionProxy[] of ConditionState
}

impl Manager {
    /// A condition with a lock of its own.
    ///
    /// # Errors
    /// As for [`create`](Manager::create).
    #[doc(alias = "SyncManager.Condition")]
    pub fn condition(&self) -> Result<ConditionProxy, ManagerError> {
        self.create::<ConditionState>(())
    }
}

impl ConditionProxy {
    /// Takes the condition's lock, waiting until it is free.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn lock(&self) -> Result<ManagedConditionGuard<'_>, ManagerError> {
        // Without a limit there is no answer but that.
        self.take(None)?.ok_or(ManagerError::Gone)
    }

    /// Takes the condition's lock if it is free.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn try_lock(&self) -> Result<Option<ManagedConditionGuard<'_>>, ManagerError> {
        self.take(Some(Duration::ZERO))
    }

    /// Takes the condition's lock, waiting at most `timeout` until it is free.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn lock_timeout(
        &self,
        timeout: Duration,
    ) -> Result<Option<ManagedConditionGuard<'_>>, ManagerError> {
        self.take(Some(timeout))
    }

    fn take(
        &self,
        timeout: Option<Duration>,
    ) -> Result<Option<ManagedConditionGuard<'_>>, ManagerError> {
        let taken: Option<Taken> = self.0.wait_or_return(
            |condition: &mut ConditionState, (): &mut (), client: &Client| {
                condition.lock.take(client).map(Some)
            },
            |_, (), _| Some(None),
            |condition, taken, client| {
                if let Some(taken) = taken {
                    condition.lock.take_back(taken, client);
                }
            },
            timeout,
            (),
        )?;
        Ok(taken.map(|taken| ManagedConditionGuard {
            condition: self,
            taken: Cell::new(taken),
            _not_send: PhantomData,
        }))
    }

    /// Wakes the one who has waited longest, if somebody waits.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn notify_one(&self) -> Result<(), ManagerError> {
        self.notify(1)
    }

    /// Wakes so many of those who wait.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn notify(&self, count: usize) -> Result<(), ManagerError> {
        self.0.call_quick(ConditionState::notify, (count,))
    }

    /// Wakes all who wait.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn notify_all(&self) -> Result<(), ManagerError> {
        self.notify(usize::MAX)
    }
}

/// A managed condition's lock that this thread has, until it is dropped.
///
/// # Process death
///
/// When the process dies, the next who takes the lock is told.
#[must_use = "the lock is given back when this is dropped"]
pub struct ManagedConditionGuard<'c> {
    condition: &'c ConditionProxy,
    /// How it was taken, at first or after the last wait.
    taken: Cell<Taken>,
    /// It is the thread that has the lock.
    _not_send: PhantomData<*const ()>,
}

impl ManagedConditionGuard<'_> {
    /// The process id of the last holder, if it died while it had the lock: what the lock protects may be
    /// half changed. After a wait it is about the holder before that wait's end.
    pub fn owner_died(&self) -> Option<u32> {
        self.taken.get().died
    }

    /// Gives the lock up, waits to be notified, and takes it again.
    ///
    /// # Process death
    ///
    /// If somebody died meanwhile who had the lock, [`owner_died`](ManagedConditionGuard::owner_died) tells.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn wait(&self) -> Result<(), ManagerError> {
        self.wait_for(None).map(drop)
    }

    /// The same, for at most `timeout` until it is notified; whether it was. It has the lock again in any
    /// case.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, ManagerError> {
        self.wait_for(Some(timeout))
    }

    fn wait_for(&self, timeout: Option<Duration>) -> Result<bool, ManagerError> {
        let waited = self.condition.0.wait_or_return(
            |condition: &mut ConditionState, wait: &mut Wait, client: &Client| {
                condition.wait(wait, client)
            },
            |condition, wait, client| condition.stop(wait, client),
            ConditionState::take_back,
            timeout,
            Wait::Begins,
        )?;
        let (notified, taken) = match waited {
            Waited::Notified(taken) => (true, taken),
            Waited::TimedOut(taken) => (false, taken),
            Waited::NotLocked => return Err(ManagerError::NotLocked),
        };
        self.taken.set(taken);
        Ok(notified)
    }
}

impl Drop for ManagedConditionGuard<'_> {
    fn drop(&mut self) {
        // If the server is gone so is the lock.
        let _ = self.condition.0.tell(
            |condition: &mut ConditionState, (): &mut (), client: &Client| {
                condition.lock.give(client);
            },
            (),
        );
    }
}

impl fmt::Debug for ManagedConditionGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedConditionGuard").field("owner_died", &self.owner_died()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Client, ConditionState, Managed, Wait, Waited};

    #[test]
    fn what_one_that_dies_was_told_of_anothers_death_is_told_to_the_next() {
        let client = |link| Client { link, thread: 0, pid: link as u32 };
        let (waiter, holder, next) = (client(1), client(2), client(3));
        let mut condition = ConditionState::create(());
        let mut wait = Wait::Begins;
        condition.lock.take(&waiter).expect("free");
        assert!(condition.wait(&mut wait, &waiter).is_none());
        condition.lock.take(&holder).expect("free");
        condition.notify(1);
        condition.client_gone(&holder);
        let waited = condition.wait(&mut wait, &waiter).expect("its turn");
        assert!(matches!(&waited, Waited::Notified(taken) if taken.died == Some(2)), "{waited:?}");
        condition.take_back(waited, &waiter);
        condition.client_gone(&waiter);
        assert_eq!(condition.lock.take(&next).expect("free").died, Some(2));
    }
}
