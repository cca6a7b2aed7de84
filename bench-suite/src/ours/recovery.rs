//! What a kill costs those who go on.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ipc::{Queue, RecvError, Sender, Shared, channel};
use pool::{ProcessPool, TaskError};
use proc_spawn::Process;
use serde_bytes::ByteBuf;
use sync_prims::process::{Lock, Semaphore};

use crate::measure::{Outcome, Rounds, Task};
use crate::peer::sys::group;
use crate::workload::recovery::{LARGE, from_kill, rounds, wait_for_death};

fn fatal_task(pids: Sender<u32>) {
    let _ = pids.send(std::process::id());
    wait_for_death();
}

fn next_task(number: u64) -> u64 {
    number + 1
}

/// A worker dies in a task, and the pool does the next.
pub(crate) fn worker(_: &Task) -> Outcome<Rounds> {
    let pool = ProcessPool::new(2)?;
    rounds(move || {
        let (pid, pids) = channel(1)?;
        let task = pool.submit(fatal_task, pid);
        let victim = pids.recv()?;
        let killed = Instant::now();
        group::kill_one(victim)?;
        match task.get() {
            Err(TaskError::WorkerDied { .. }) => {}
            other => return Err(format!("the task ended otherwise: {other:?}").into()),
        }
        pool.apply(next_task, 1)?;
        Ok(killed.elapsed())
    })
}

/// From the kill of a process to the moment at which a thread that waits has what that held.
fn until_taken(owner: Process, take: impl FnOnce() + Send) -> Outcome<Duration> {
    let (waiting, waits) = mpsc::channel();
    let latency = thread::scope(|scope| -> Outcome<Duration> {
        let waiter = scope.spawn(|| {
            // It is received below.
            let _ = waiting.send(());
            take();
            Instant::now()
        });
        waits.recv()?;
        let killed = Instant::now();
        owner.kill()?;
        let taken = waiter.join().map_err(|_| "the waiter panicked")?;
        Ok(taken.duration_since(killed))
    })?;
    owner.wait();
    Ok(latency)
}

fn hold_lock(lock: Shared<Lock<u64>>, held: Sender<()>) {
    let _guard = lock.lock().map_err(|poisoned| poisoned.recover());
    let _ = held.send(());
    wait_for_death();
}

/// The holder of a lock dies, as often as it is called; gives how long another waits for the lock.
pub fn lock_deaths() -> Outcome<impl FnMut() -> Outcome<Duration>> {
    let lock: Shared<Lock<u64>> = Shared::new(Lock::new(0))?;
    let (held, told) = channel(1)?;
    Ok(move || {
        let owner =
            Process::builder().daemon(true).spawn(hold_lock, (lock.clone(), held.clone()))?;
        told.recv()?;
        until_taken(owner, || drop(lock.lock().map_err(|poisoned| poisoned.recover())))
    })
}

/// The holder of a lock dies.
pub(crate) fn lock_holder(_: &Task) -> Outcome<Rounds> {
    rounds(lock_deaths()?)
}

fn hold_permit(semaphore: Shared<Semaphore>, held: Sender<()>) {
    let _permit = semaphore.acquire();
    let _ = held.send(());
    wait_for_death();
}

/// The holder of the only permit dies.
pub(crate) fn permit_holder(_: &Task) -> Outcome<Rounds> {
    let semaphore = Shared::new(Semaphore::new(1))?;
    let (held, told) = channel(1)?;
    rounds(move || {
        let owner = Process::builder()
            .daemon(true)
            .spawn(hold_permit, (semaphore.clone(), held.clone()))?;
        told.recv()?;
        until_taken(owner, || drop(semaphore.acquire()))
    })
}

fn hold_sender(_messages: Sender<u64>, ready: Sender<()>) {
    let _ = ready.send(());
    wait_for_death();
}

/// The last sender dies while a message is waited for.
pub(crate) fn last_sender(_: &Task) -> Outcome<Rounds> {
    rounds(|| {
        let ((messages, from), (ready, told)) = (channel::<u64>(1)?, channel(1)?);
        let sender = Process::builder().daemon(true).spawn(hold_sender, (messages, ready))?;
        told.recv()?;
        from_kill(sender, || match from.recv() {
            Err(RecvError::Disconnected) => Ok(()),
            other => Err(format!("the queue gave {other:?}").into()),
        })
    })
}

fn send_without_end(messages: Sender<ByteBuf>) {
    while messages.send(ByteBuf::from(vec![0; LARGE])).is_ok() {}
}

/// One of two senders dies as it sends.
pub(crate) fn sender(_: &Task) -> Outcome<Rounds> {
    rounds(|| {
        let (to, messages) = Queue::<ByteBuf>::bounded(2)?.split();
        let sender = Process::builder().daemon(true).spawn(send_without_end, to.clone())?;
        // When it has sent one it is about the next.
        messages.recv()?;
        let mut other = None;
        let latency = from_kill(sender, || {
            other = Some(thread::spawn(move || to.send(ByteBuf::from(vec![1]))));
            while messages.recv()?.len() == LARGE {}
            Ok(())
        })?;
        if let Some(other) = other {
            other.join().map_err(|_| "the other sender panicked")??;
        }
        Ok(latency)
    })
}
