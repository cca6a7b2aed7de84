//! The crate threadpool.

use std::sync::mpsc;

use ::threadpool::ThreadPool;

use crate::measure::{Outcome, Rounds, Task};
use crate::workload::task_length::{rounds, work};

pub(crate) fn tasks(task: &Task) -> Outcome<Rounds> {
    let pool = ThreadPool::new(task.workers);
    rounds(task, move |tasks| {
        let (sender, results) = mpsc::channel();
        for task in tasks {
            let sender = sender.clone();
            pool.execute(move || {
                // Somebody receives until all have sent.
                let _ = sender.send(work(task));
            });
        }
        drop(sender);
        Ok(results.into_iter().sum())
    })
}
