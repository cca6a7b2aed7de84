//! Barriers.

use std::time::Duration;

use super::typed::typed_proxy;
use crate::manager::error::ManagerError;
use crate::manager::front::Manager;
use crate::manager::function::Client;
use crate::manager::managed::Managed;

/// Who waits at a barrier; what a [`BarrierProxy`] is a proxy of.
#[derive(Debug)]
pub struct BarrierState {
    parties: usize,
    waiting: usize,
    /// How often it was passed or reset.
    round: u64,
    /// The last round that was broken off by a reset.
    broken_off: Option<u64>,
    is_broken: bool,
}

/// Which of a round's parties, `None` if the barrier is broken.
type Passed = Option<usize>;

/// A party's round and place, once it has come.
type Place = Option<(u64, usize)>;

impl BarrierState {
    fn pass(&mut self, place: &mut Place) -> Option<Passed> {
        match *place {
            None if self.is_broken => Some(None),
            None => {
                let index = self.waiting;
                self.waiting += 1;
                if self.waiting == self.parties {
                    self.round += 1;
                    self.waiting = 0;
                    return Some(Some(index));
                }
                *place = Some((self.round, index));
                None
            }
            Some((round, index)) if round < self.round => {
                Some((self.broken_off != Some(round)).then_some(index))
            }
            Some(_) => self.is_broken.then_some(None),
        }
    }

    fn abort(&mut self) {
        self.is_broken = true;
        self.waiting = 0;
    }

    fn reset(&mut self) {
        if self.waiting > 0 {
            self.broken_off = Some(self.round);
        }
        self.round += 1;
        self.waiting = 0;
        self.is_broken = false;
    }
}

impl Managed for BarrierState {
    type Args = usize;
    type Proxy = BarrierProxy;
    const HEARS_OF_DEATHS: bool = true;

    fn create(parties: usize) -> BarrierState {
        assert!(parties > 0, "a barrier needs at least one party");
        BarrierState { parties, waiting: 0, round: 0, broken_off: None, is_broken: false }
    }

    fn is_plain() -> bool {
        true
    }
}

typed_proxy! {
    /// A barrier that a manager's server holds. Use a [`Barrier`](sync_prims::process::Barrier) in a
    /// [`Shared`](crate::Shared) where no manager is needed otherwise.
    ///
    /// # Process death
    ///
    /// When a process dies that waits, the barrier is broken for all. One that dies before it comes cannot be
    /// seen: use [`wait_timeout`](BarrierProxy::wait_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::Manager;
    /// use proc_spawn::Thread;
    ///
    /// let manager = Manager::start::<Thread>()?;
    /// let barrier = manager.barrier(2)?;
    /// let other = barrier.clone();
    /// let other = std::thread::spawn(move || other.wait());
    /// let places = [barrier.wait()?, other.join().unwrap()?];
    /// assert_eq!(places.iter().sum::<usize>(), 1);
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    BarrierProxy[] of BarrierState
}

impl Manager {
    /// A barrier for so many.
    ///
    /// # Errors
    /// As for [`create`](Manager::create); [`ManagerError::Panicked`] for 0 parties.
    #[doc(alias = "SyncManager.Barrier")]
    pub fn barrier(&self, parties: usize) -> Result<BarrierProxy, ManagerError> {
        self.create::<BarrierState>(parties)
    }
}

impl BarrierProxy {
    /// Waits until all parties have come; gives each another place, from 0.
    ///
    /// # Errors
    /// [`ManagerError::BrokenBarrier`], [`ManagerError::Gone`].
    pub fn wait(&self) -> Result<usize, ManagerError> {
        self.wait_for(None)
    }

    /// The same, for at most `timeout`; after that the barrier is broken.
    ///
    /// # Errors
    /// [`ManagerError::BrokenBarrier`], [`ManagerError::Gone`].
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize, ManagerError> {
        self.wait_for(Some(timeout))
    }

    fn wait_for(&self, timeout: Option<Duration>) -> Result<usize, ManagerError> {
        let passed: Passed = self.0.wait(
            |barrier: &mut BarrierState, place: &mut Place, _: &Client| barrier.pass(place),
            |barrier, _, _| {
                barrier.abort();
                Some(None)
            },
            timeout,
            None,
        )?;
        passed.ok_or(ManagerError::BrokenBarrier)
    }

    /// Breaks it: all who wait or come are told.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn abort(&self) -> Result<(), ManagerError> {
        self.0.call_quick(BarrierState::abort, ())
    }

    /// Makes it as new. Those who wait are told that it is broken.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn reset(&self) -> Result<(), ManagerError> {
        self.0.call_quick(BarrierState::reset, ())
    }

    /// For how many it is.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn parties(&self) -> Result<usize, ManagerError> {
        self.0.call_quick(|barrier: &BarrierState| barrier.parties, ())
    }

    /// How many wait at the moment.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    #[doc(alias = "n_waiting")]
    pub fn waiting(&self) -> Result<usize, ManagerError> {
        self.0.call_quick(|barrier: &BarrierState| barrier.waiting, ())
    }

    /// Whether it is broken.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn is_broken(&self) -> Result<bool, ManagerError> {
        self.0.call_quick(|barrier: &BarrierState| barrier.is_broken, ())
    }
}
