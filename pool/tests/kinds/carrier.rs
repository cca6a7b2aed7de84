//! A carrier that leads no further than to processes of this program.

use pool::remote::{self, Carrier, Load};
use pool::{Executor as _, ProcessPool, TaskError, TaskKey};

pub(super) struct Near(pub(super) ProcessPool);

impl Carrier for Near {
    fn workers(&self) -> usize {
        self.0.workers()
    }

    fn carry(&self, load: Load) {
        match remote::run(&self.0, load.bytes()) {
            Ok(task) => task.on_done(|answer| match answer {
                Ok(answer) => load.settle(&answer),
                Err(error) => load.fail(error),
            }),
            Err(error) => load.fail(TaskError::Decode(error)),
        }
    }

    /// What nobody waits for any more runs to its end.
    fn recall(&self, _: TaskKey) {}

    fn close(&self) {}
}
