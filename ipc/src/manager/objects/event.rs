//! Events.

use std::time::Duration;

use super::typed::typed_proxy;
use crate::manager::error::ManagerError;
use crate::manager::front::Manager;
use crate::manager::function::Client;
use crate::manager::managed::Managed;

/// Whether an event is set; what an [`EventProxy`] is a proxy of.
#[derive(Debug, Default)]
pub struct EventState(bool);

impl Managed for EventState {
    type Args = ();
    type Proxy = EventProxy;
    const HEARS_OF_DEATHS: bool = true;

    fn create((): ()) -> EventState {
        EventState::default()
    }

    fn is_plain() -> bool {
        true
    }
}

typed_proxy! {
    /// An event that a manager's server holds. Use an [`Event`](sync_prims::process::Event) in a
    /// [`Shared`](crate::Shared) where no manager is needed otherwise.
    ///
    /// # Process death
    ///
    /// What was set stays set. A process that waits and dies is not waited for.
    ///
    /// # Examples
    ///
    /// ```
    /// use ipc::Manager;
    /// use proc_spawn::Thread;
    /// use std::time::Duration;
    ///
    /// let manager = Manager::start::<Thread>()?;
    /// let event = manager.event()?;
    /// assert!(!event.wait_timeout(Duration::from_millis(1))?);
    /// event.set()?;
    /// event.wait()?;
    /// # Ok::<(), ipc::ManagerError>(())
    /// ```
    EventProxy[] of EventState
}

impl Manager {
    /// An event that is not set.
    ///
    /// # Errors
    /// As for [`create`](Manager::create).
    #[doc(alias = "SyncManager.Event")]
    pub fn event(&self) -> Result<EventProxy, ManagerError> {
        self.create::<EventState>(())
    }
}

impl EventProxy {
    /// Sets it, and wakes all who wait; also if it is cleared at once.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn set(&self) -> Result<(), ManagerError> {
        self.0.call_quick(|event: &mut EventState| event.0 = true, ())
    }

    /// Has those who come from now on wait again.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn clear(&self) -> Result<(), ManagerError> {
        self.0.call_quick(|event: &mut EventState| event.0 = false, ())
    }

    /// Whether it is set at the moment.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn is_set(&self) -> Result<bool, ManagerError> {
        self.0.call_quick(|event: &EventState| event.0, ())
    }

    /// Waits until it is set.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn wait(&self) -> Result<(), ManagerError> {
        self.wait_for(None).map(drop)
    }

    /// Waits until it is set, at most for `timeout`; whether it was.
    ///
    /// # Errors
    /// [`ManagerError::Gone`].
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, ManagerError> {
        self.wait_for(Some(timeout))
    }

    fn wait_for(&self, timeout: Option<Duration>) -> Result<bool, ManagerError> {
        self.0.wait(
            |event: &mut EventState, (): &mut (), _: &Client| event.0.then_some(true),
            |_, (), _| Some(false),
            timeout,
            (),
        )
    }
}
