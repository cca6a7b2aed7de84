//! Semaphores.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::typed::typed_proxy;
use crate::manager::error::ManagerError;
use crate::manager::front::Manager;
use crate::manager::function::Client;
use crate::manager::managed::Managed;

/// Permits, and who has how many; what a [`SemaphoreProxy`] is a proxy of, and if it is bounded a
/// [`BoundedSemaphoreProxy`].
#[derive(Debug)]
pub struct SemaphoreState<const BOUNDED: bool> {
    available: usize,
    limit: usize,
    /// By client: what comes back when it dies.
    held: HashMap<u64, usize>,
}

impl<const BOUNDED: bool> SemaphoreState<BOUNDED> {
    fn new(permits: usize) -> Self {
        SemaphoreState { available: permits, limit: permits, held: HashMap::new() }
    }

    fn acquire(&mut self, client: &Client) -> bool {
        let there = self.available > 0;
        if there {
            self.available -= 1;
            *self.held.entry(client.link).or_default() += 1;
        }
        there
    }

    fn release(&mut self, permits: usize) -> bool {
        let Some(available) = self.available.checked_add(permits) else { return false };
        if BOUNDED && available > self.limit {
            return false;
        }
        self.available = available;
        true
    }

    /// Takes a permit from what the client has to give back.
    fn write_off(&mut self, client: &Client) {
        if let Some(held) = self.held.get_mut(&client.link) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.held.remove(&client.link);
            }
        }
    }

    fn forget(&mut self, client: &Client) {
        let held = self.held.remove(&client.link).unwrap_or(0);
        // Others may have given back as many as there can be.
        self.available = self.available.saturating_add(held);
    }
}

typed_proxy! {
    /// A semaphore that a manager's server holds. Use a [`Semaphore`](sync_prims::process::Semaphore) in a
    /// [`Shared`](crate::Shared) where no manager is needed otherwise.
    ///
    /// # Process death
    ///
    /// The permits that a dead process had come back. A process that waits and dies is not waited for.
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::Manager;
    /// use proc_spawn::Thread;
    ///
    /// let manager = Manager::start::<Thread>()?;
    /// let semaphore = manager.semaphore(1)?;
    /// let permit = semaphore.acquire()?;
    /// assert!(semaphore.try_acquire()?.is_none());
    /// drop(permit);
    /// assert_eq!(semaphore.available()?, 1);
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    SemaphoreProxy[] of SemaphoreState<false>
}

typed_proxy! {
    /// A semaphore that never has more permits than at its start. Otherwise as [`SemaphoreProxy`].
    ///
    /// # Process death
    ///
    /// As for a [`SemaphoreProxy`].
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::{Manager, ManagerError};
    /// use proc_spawn::Thread;
    ///
    /// let manager = Manager::start::<Thread>()?;
    /// let semaphore = manager.bounded_semaphore(1)?;
    /// assert!(matches!(semaphore.release(1), Err(ManagerError::OverRelease)));
    /// # Ok::<(), ManagerError>(())
    /// ```
    BoundedSemaphoreProxy[] of SemaphoreState<true>
}

/// What gives a permit back.
trait GiveBack {
    fn give_back(&self, to_semaphore: bool);
}

/// A permit of a managed semaphore, until it is dropped.
///
/// # Process death
///
/// It comes back when the process that has it dies.
#[must_use = "the permit is given back when this is dropped"]
pub struct ManagedPermit<'s> {
    semaphore: &'s dyn GiveBack,
}

impl ManagedPermit<'_> {
    /// Keeps the permit taken, also past the death of this process.
    pub fn forget(self) {
        self.semaphore.give_back(false);
        std::mem::forget(self);
    }
}

impl Drop for ManagedPermit<'_> {
    fn drop(&mut self) {
        self.semaphore.give_back(true);
    }
}

impl fmt::Debug for ManagedPermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedPermit").finish_non_exhaustive()
    }
}

macro_rules! semaphore_methods {
    ($name:ident, $bounded:literal, $new:ident, $what:literal, $alias:literal, $over:literal) => {
        impl Managed for SemaphoreState<$bounded> {
            type Args = usize;
            type Proxy = $name;
            const HEARS_OF_DEATHS: bool = true;

            fn create(permits: usize) -> Self {
                SemaphoreState::new(permits)
            }

            fn is_plain() -> bool {
                true
            }

            fn client_gone(&mut self, client: &Client) {
                self.forget(client);
            }
        }

        impl Manager {
            #[doc = $what]
            ///
            /// # Errors
            /// As for [`create`](Manager::create).
            #[doc(alias = $alias)]
            pub fn $new(&self, permits: usize) -> Result<$name, ManagerError> {
                self.create::<SemaphoreState<$bounded>>(permits)
            }
        }

        impl $name {
            /// Takes a permit, waiting until there is one.
            ///
            /// # Errors
            /// [`ManagerError::Gone`].
            pub fn acquire(&self) -> Result<ManagedPermit<'_>, ManagerError> {
                // Without a limit there is no answer but that.
                self.take(None)?.ok_or(ManagerError::Gone)
            }

            /// Takes a permit if there is one.
            ///
            /// # Errors
            /// [`ManagerError::Gone`].
            pub fn try_acquire(&self) -> Result<Option<ManagedPermit<'_>>, ManagerError> {
                self.take(Some(Duration::ZERO))
            }

            /// Takes a permit, waiting at most `timeout` until there is one.
            ///
            /// # Errors
            /// [`ManagerError::Gone`].
            pub fn acquire_timeout(
                &self,
                timeout: Duration,
            ) -> Result<Option<ManagedPermit<'_>>, ManagerError> {
                self.take(Some(timeout))
            }

            /// Adds so many permits.
            ///
            /// # Errors
            #[doc = $over]
            /// [`ManagerError::Gone`].
            pub fn release(&self, permits: usize) -> Result<(), ManagerError> {
                let released =
                    self.0.call_quick(SemaphoreState::<$bounded>::release, (permits,))?;
                if released { Ok(()) } else { Err(ManagerError::OverRelease) }
            }

            /// How many permits there are at the moment.
            ///
            /// # Errors
            /// [`ManagerError::Gone`].
            pub fn available(&self) -> Result<usize, ManagerError> {
                self.0.call_quick(|semaphore: &SemaphoreState<$bounded>| semaphore.available, ())
            }

            fn take(
                &self,
                timeout: Option<Duration>,
            ) -> Result<Option<ManagedPermit<'_>>, ManagerError> {
                let taken = self.0.wait_or_return(
                    |semaphore: &mut SemaphoreState<$bounded>, (): &mut (), client: &Client| {
                        semaphore.acquire(client).then_some(true)
                    },
                    |_, (), _| Some(false),
                    |semaphore, taken, client| {
                        if taken {
                            semaphore.write_off(client);
                            semaphore.release(1);
                        }
                    },
                    timeout,
                    (),
                )?;
                // Not `then_some`: a permit that is dropped is given back.
                Ok(taken.then(|| ManagedPermit { semaphore: self }))
            }
        }

        impl GiveBack for $name {
            fn give_back(&self, to_semaphore: bool) {
                // If the server is gone so is the semaphore.
                let _ = self.0.tell(
                    |semaphore: &mut SemaphoreState<$bounded>,
                     to_semaphore: &mut bool,
                     client: &Client| {
                        semaphore.write_off(client);
                        if *to_semaphore {
                            semaphore.release(1);
                        }
                    },
                    to_semaphore,
                );
            }
        }
    };
}

semaphore_methods!(
    SemaphoreProxy,
    false,
    semaphore,
    "A semaphore with so many permits.",
    "SyncManager.Semaphore",
    "[`ManagerError::OverRelease`] if there would be more than can be counted,"
);
semaphore_methods!(
    BoundedSemaphoreProxy,
    true,
    bounded_semaphore,
    "A semaphore with so many permits and never more.",
    "SyncManager.BoundedSemaphore",
    "[`ManagerError::OverRelease`] if there would be more than at the start,"
);

#[cfg(test)]
mod tests {
    use super::{Client, SemaphoreState};

    #[test]
    fn the_permits_of_the_dead_do_not_come_on_top_of_all_there_can_be() {
        let client = Client { link: 1, thread: 0, pid: 1 };
        let mut semaphore = SemaphoreState::<false>::new(1);
        assert!(semaphore.acquire(&client));
        assert!(semaphore.release(usize::MAX));
        semaphore.forget(&client);
        assert_eq!(semaphore.available, usize::MAX);
    }
}
