//! The crate procspawn.

use ::procspawn::Pool;

use crate::measure::{Outcome, Rounds, Task};
use crate::workload::task_length::{rounds, work};

pub(crate) fn tasks(task: &Task) -> Outcome<Rounds> {
    let pool = Pool::new(task.workers)?;
    rounds(task, move |tasks| {
        let handles: Vec<_> = tasks.into_iter().map(|task| pool.spawn(task, work)).collect();
        Ok(handles.into_iter().map(|handle| handle.join()).sum::<Result<u64, _>>()?)
    })
}
