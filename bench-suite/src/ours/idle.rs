//! Workers that wait.

use ipc::{Receiver, Sender, channel};
use pool::{ProcessPool, ThreadPool};
use proc_spawn::{Join, Process, Thread};

use crate::measure::{Outcome, Rounds, Task};
use crate::ours::starts::{from_fork_server, start_fork_server};
use crate::workload::memory::rounds;

/// Says that it is there, and waits until nobody has anything to say to it any more.
fn idle(there: Sender<()>, end: Receiver<()>) {
    // Without a parent it is to end as well.
    if there.send(()).is_ok() {
        let _ = end.recv();
    }
}

/// Those that wait, and what keeps them waiting: it is dropped first.
struct Waiting<H: Join<()>> {
    end: Option<Sender<()>>,
    workers: Vec<H>,
}

impl<H: Join<()>> Drop for Waiting<H> {
    fn drop(&mut self) {
        self.end.take();
        for worker in self.workers.drain(..) {
            // One that failed has nothing to tell that the round did not.
            let _ = worker.join();
        }
    }
}

fn start<H: Join<()>>(
    amount: u64,
    mut spawn: impl FnMut(Sender<()>, Receiver<()>) -> Outcome<H>,
) -> Outcome<Waiting<H>> {
    let ((there, arrived), (end, ended)) = (channel(amount as usize)?, channel(1)?);
    let workers = (0..amount).map(|_| spawn(there.clone(), ended.clone()));
    let workers = workers.collect::<Outcome<Vec<_>>>()?;
    for _ in 0..amount {
        arrived.recv()?;
    }
    Ok(Waiting { end: Some(end), workers })
}

pub(crate) fn threads(_: &Task) -> Outcome<Rounds> {
    rounds(|amount| start(amount, |there, end| Ok(Thread::spawn(idle, (there, end))?)))
}

pub(crate) fn processes(_: &Task) -> Outcome<Rounds> {
    rounds(|amount| start(amount, |there, end| Ok(Process::spawn(idle, (there, end))?)))
}

/// From a fork server, which is there before.
pub(crate) fn forked(_: &Task) -> Outcome<Rounds> {
    start_fork_server()?;
    rounds(|amount| start(amount, |there, end| Ok(from_fork_server().spawn(idle, (there, end))?)))
}

fn succ(number: u64) -> u64 {
    number + 1
}

/// A pool whose workers have all begun.
pub(crate) fn thread_pool(_: &Task) -> Outcome<Rounds> {
    rounds(|amount| {
        let pool = ThreadPool::new(amount as usize)?;
        pool.map(succ, 0..100 * amount)?;
        Ok(pool)
    })
}

/// A pool whose workers have all begun.
pub(crate) fn process_pool(_: &Task) -> Outcome<Rounds> {
    rounds(|amount| {
        let pool = ProcessPool::new(amount as usize)?;
        pool.map(succ, 0..100 * amount)?;
        Ok(pool)
    })
}
