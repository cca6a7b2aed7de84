//! From shared memory to descriptors: a thread that waits for both can sleep only on descriptors.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use sync_prims::Deadline;
use sync_prims::raw::{EventCount, Key};

use crate::heap::{Heap, ProcessId};
use crate::sys::descriptor::{AsDescriptor, Descriptor};
use crate::sys::life::Doorbell;

/// Rings the doorbells of those threads of this process that sleep on descriptors when the process's
/// bell is rung. Its thread starts when it is first needed, and sleeps while nobody is on the bridge.
#[derive(Debug, Default)]
pub(crate) struct Bridge(Arc<Shore>);

#[derive(Debug, Default)]
struct Shore {
    crossings: Mutex<Crossings>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Crossings {
    running: bool,
    waiting: Vec<(Key, Arc<Doorbell>)>,
}

/// Lent to one wait. Its descriptor is ready when the bell was rung.
#[derive(Debug)]
pub(super) struct Crossing<'b> {
    shore: &'b Shore,
    doorbell: Arc<Doorbell>,
}

impl Bridge {
    /// A descriptor that becomes ready when the bell of this process, `me`, is rung after `key` was made.
    pub(super) fn cross(
        &self,
        heap: &Arc<Heap>,
        me: ProcessId,
        key: Key,
    ) -> io::Result<Crossing<'_>> {
        let doorbell = Arc::new(Doorbell::new()?);
        let mut crossings = self.0.crossings();
        if !crossings.running {
            let (shore, heap) = (Arc::clone(&self.0), Arc::clone(heap));
            std::thread::Builder::new()
                .name("tandem-bridge".into())
                .stack_size(256 << 10)
                .spawn(move || shore.pass_on(heap.bell(me)))?;
            crossings.running = true;
        }
        crossings.waiting.push((key, Arc::clone(&doorbell)));
        drop(crossings);
        self.0.changed.notify_one();
        Ok(Crossing { shore: &self.0, doorbell })
    }
}

impl Shore {
    fn crossings(&self) -> MutexGuard<'_, Crossings> {
        self.crossings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass_on(&self, bell: &EventCount) {
        loop {
            let key = self.next(bell);
            // Whoever comes meanwhile has the same key, or one that was made after a ring that ends this.
            bell.wait(key, Deadline::never());
        }
    }

    /// Tells those for whom the bell was rung. The key of the others, once there are some.
    fn next(&self, bell: &EventCount) -> Key {
        let mut crossings = self.crossings();
        loop {
            crossings.waiting.retain(|(key, doorbell)| {
                let rung = bell.has_passed(*key);
                if rung {
                    doorbell.ring();
                }
                !rung
            });
            match crossings.waiting.first() {
                Some((key, _)) => return *key,
                None => {
                    crossings =
                        self.changed.wait(crossings).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

impl AsDescriptor for Crossing<'_> {
    fn descriptor(&self) -> Descriptor<'_> {
        self.doorbell.descriptor()
    }
}

impl Drop for Crossing<'_> {
    fn drop(&mut self) {
        let mut crossings = self.shore.crossings();
        crossings.waiting.retain(|(_, doorbell)| !Arc::ptr_eq(doorbell, &self.doorbell));
    }
}
