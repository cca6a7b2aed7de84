//! Locks.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::typed::typed_proxy;
use crate::manager::error::ManagerError;
use crate::manager::front::Manager;
use crate::manager::function::Client;
use crate::manager::managed::Managed;

/// Who has a lock; what a [`LockProxy`] is a proxy of, and if it is re-entrant an [`RLockProxy`].
#[derive(Debug, Default)]
pub struct LockState<const REENTRANT: bool> {
    holder: Option<Holder>,
    /// A holder that died, until somebody is told of it.
    died: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Holder {
    pub(super) client: Client,
    pub(super) depth: u32,
}

/// Told to who gets a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Taken {
    pub(super) died: Option<u32>,
}

impl<const REENTRANT: bool> LockState<REENTRANT> {
    pub(super) fn take(&mut self, client: &Client) -> Option<Taken> {
        match &mut self.holder {
            None => {
                self.holder = Some(Holder { client: *client, depth: 1 });
                Some(Taken { died: self.died.take() })
            }
            Some(holder) if REENTRANT && holder.client == *client => {
                holder.depth += 1;
                Some(Taken { died: None })
            }
            Some(_) => None,
        }
    }

    /// Gives up one level.
    pub(super) fn give(&mut self, client: &Client) {
        if let Some(holder) = self.holder.as_mut().filter(|holder| holder.client == *client) {
            holder.depth -= 1;
            if holder.depth == 0 {
                self.holder = None;
            }
        }
    }

    /// Gives up what nobody was told of.
    pub(super) fn take_back(&mut self, taken: Taken, client: &Client) {
        self.give(client);
        self.died = self.died.or(taken.died);
    }

    /// The same, every level of it.
    pub(super) fn take_all_back(&mut self, taken: Taken, client: &Client) {
        self.give_all(client);
        self.died = self.died.or(taken.died);
    }

    /// Gives up every level, and tells how many there were.
    pub(super) fn give_all(&mut self, client: &Client) -> Option<u32> {
        Some(self.holder.take_if(|holder| holder.client == *client)?.depth)
    }

    /// Takes so many levels at once, if nobody has it.
    pub(super) fn take_all(&mut self, client: &Client, depth: u32) -> Option<Taken> {
        if self.is_held() {
            return None;
        }
        self.holder = Some(Holder { client: *client, depth });
        Some(Taken { died: self.died.take() })
    }

    pub(super) fn is_held(&self) -> bool {
        self.holder.is_some()
    }

    pub(super) fn forget(&mut self, client: &Client) {
        if self.holder.take_if(|holder| holder.client.is_same_process(client)).is_some() {
            self.died = Some(client.pid());
        }
    }
}

impl Managed for LockState<false> {
    type Args = ();
    type Proxy = LockProxy;
    const HEARS_OF_DEATHS: bool = true;

    fn create((): ()) -> LockState<false> {
        LockState::default()
    }

    fn is_plain() -> bool {
        true
    }

    fn client_gone(&mut self, client: &Client) {
        self.forget(client);
    }
}

impl Managed for LockState<true> {
    type Args = ();
    type Proxy = RLockProxy;
    const HEARS_OF_DEATHS: bool = true;

    fn create((): ()) -> LockState<true> {
        LockState::default()
    }

    fn is_plain() -> bool {
        true
    }

    fn client_gone(&mut self, client: &Client) {
        self.forget(client);
    }
}

typed_proxy! {
    /// A lock that a manager's server holds. Use a [`Lock`](sync_prims::process::Lock) in a
    /// [`Shared`](crate::Shared) where no manager is needed otherwise: it costs no round trip.
    ///
    /// # Process death
    ///
    /// The lock of a holder whose process is gone goes to the next, who is told by
    /// [`ManagedGuard::owner_died`]. A process that waits for it and dies is not waited for. A guard that an
    /// ended thread of a living process has leaked keeps its lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::Manager;
    /// use proc_spawn::Thread;
    ///
    /// let manager = Manager::start::<Thread>()?;
    /// let lock = manager.lock()?;
    /// let guard = lock.lock()?;
    /// assert!(lock.try_lock()?.is_none());
    /// drop(guard);
    /// assert!(!lock.is_locked()?);
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    LockProxy[] of LockState<false>
}

typed_proxy! {
    /// A lock that the thread which has it can take again. Otherwise as [`LockProxy`].
    ///
    /// # Process death
    ///
    /// As for a [`LockProxy`].
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::Manager;
    /// use proc_spawn::Thread;
    ///
    /// let manager = Manager::start::<Thread>()?;
    /// let lock = manager.rlock()?;
    /// let outer = lock.lock()?;
    /// let inner = lock.lock()?;
    /// drop(outer);
    /// assert!(lock.is_locked()?);
    /// drop(inner);
    /// assert!(!lock.is_locked()?);
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    RLockProxy[] of LockState<true>
}

/// What gives a lock back.
trait GiveBack {
    fn give_back(&self);
}

/// A managed lock that this thread has, until it is dropped.
///
/// # Process death
///
/// When the process dies, the next who takes the lock is told.
#[must_use = "the lock is given back when this is dropped"]
pub struct ManagedGuard<'l> {
    lock: &'l dyn GiveBack,
    taken: Taken,
    /// It is the thread that has the lock.
    _not_send: PhantomData<*const ()>,
}

impl ManagedGuard<'_> {
    /// The process id of the last holder, if it died while it had the lock: what the lock protects may be
    /// half changed.
    pub fn owner_died(&self) -> Option<u32> {
        self.taken.died
    }
}

impl Drop for ManagedGuard<'_> {
    fn drop(&mut self) {
        self.lock.give_back();
    }
}

impl fmt::Debug for ManagedGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedGuard").field("owner_died", &self.owner_died()).finish()
    }
}

macro_rules! lock_methods {
    ($name:ident, $reentrant:literal, $new:ident, $what:literal, $alias:literal) => {
        impl Manager {
            #[doc = $what]
            ///
            /// # Errors
            /// As for [`create`](Manager::create).
            #[doc(alias = $alias)]
            pub fn $new(&self) -> Result<$name, ManagerError> {
                self.create::<LockState<$reentrant>>(())
            }
        }

        impl $name {
            /// Takes the lock, waiting until it is free.
            ///
            /// # Errors
            /// [`ManagerError::Gone`].
            pub fn lock(&self) -> Result<ManagedGuard<'_>, ManagerError> {
                // Without a limit there is no answer but that.
                self.take(None)?.ok_or(ManagerError::Gone)
            }

            /// Takes the lock if it is free.
            ///
            /// # Errors
            /// [`ManagerError::Gone`].
            pub fn try_lock(&self) -> Result<Option<ManagedGuard<'_>>, ManagerError> {
                self.take(Some(Duration::ZERO))
            }

            /// Takes the lock, waiting at most `timeout` until it is free.
            ///
            /// # Errors
            /// [`ManagerError::Gone`].
            pub fn lock_timeout(
                &self,
                timeout: Duration,
            ) -> Result<Option<ManagedGuard<'_>>, ManagerError> {
                self.take(Some(timeout))
            }

            /// Whether somebody has it at the moment.
            ///
            /// # Errors
            /// [`ManagerError::Gone`].
            pub fn is_locked(&self) -> Result<bool, ManagerError> {
                self.0.call_quick(LockState::<$reentrant>::is_held, ())
            }

            fn take(
                &self,
                timeout: Option<Duration>,
            ) -> Result<Option<ManagedGuard<'_>>, ManagerError> {
                let taken = self.0.wait_or_return(
                    |lock: &mut LockState<$reentrant>, (): &mut (), client: &Client| {
                        lock.take(client).map(Some)
                    },
                    |_, (), _| Some(None),
                    |lock, taken, client| {
                        if let Some(taken) = taken {
                            lock.take_back(taken, client);
                        }
                    },
                    timeout,
                    (),
                )?;
                Ok(taken.map(|taken| ManagedGuard { lock: self, taken, _not_send: PhantomData }))
            }
        }

        impl GiveBack for $name {
            fn give_back(&self) {
                // If the server is gone so is the lock.
                let _ = self.0.tell(
                    |lock: &mut LockState<$reentrant>, (): &mut (), client: &Client| {
                        lock.give(client);
                    },
                    (),
                );
            }
        }
    };
}

lock_methods!(LockProxy, false, lock, "A lock.", "SyncManager.Lock");
lock_methods!(
    RLockProxy,
    true,
    rlock,
    "A lock that the thread which has it can take again.",
    "SyncManager.RLock"
);
