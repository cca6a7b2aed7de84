//! The standard library.

use std::hint::black_box;
use std::io::Read;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Condvar, Mutex, PoisonError, RwLock, mpsc};
use std::thread;
use std::time::Instant;

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::role;
use crate::workload::participants::{self, SIZE};
use crate::workload::primitives::{BARRIER, CONDITION, LOCK, READ, WRITE, alone, with_thread};
use crate::workload::producer_consumer::{CAPACITY, Item, Tally};
use crate::workload::{counter, fetch, memory, primes};

pub(crate) fn primes(task: &Task) -> Outcome<Rounds> {
    let workers = task.point()? as usize;
    Ok(Box::new(move |amount| {
        let ranges = primes::ranges(amount);
        let count = |&(start, end): &(u64, u64)| Ok(primes::count(start, end));
        Round::timed(|| share_out(workers, &ranges, count))
    }))
}

pub(crate) fn fetch(task: &Task) -> Outcome<Rounds> {
    let task = task.clone();
    Ok(Box::new(move |amount| {
        let addresses = fetch::addresses(&task, amount)?;
        let page = |address: &String| fetch::page(address.clone());
        Round::timed(|| share_out(task.point()? as usize, &addresses, page))
    }))
}

/// The sum of `f` over the items, each of which the next free thread takes.
fn share_out<T: Sync>(
    workers: usize,
    items: &[T],
    f: impl Fn(&T) -> Result<u64, String> + Sync,
) -> Outcome<u64> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = std::iter::from_fn(|| items.get(next.fetch_add(1, Relaxed)));
        mine.map(&f).sum::<Result<u64, String>>()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let sums = threads.into_iter().map(|thread| match thread.join() {
            Ok(sum) => Ok(sum?),
            Err(_) => Err("a thread panicked".into()),
        });
        sums.sum()
    })
}

pub(crate) fn counter(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let counter = Mutex::new(0);
        let lock = || counter.lock().unwrap_or_else(PoisonError::into_inner);
        counter::with_threads(amount, || *lock() += 1, || *lock())
    }))
}

pub(crate) fn messages(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let (sender, receiver) = mpsc::sync_channel(CAPACITY);
        let (go, gone) = mpsc::channel();
        let producer = thread::spawn(move || {
            // Without a consumer there is nothing to do.
            let _ = gone.recv();
            let _ = Item::stream(amount).try_for_each(|item| sender.send(item));
        });
        let start = Instant::now();
        go.send(())?;
        let mut tally = Tally::default();
        while let Some(item) = receiver.recv()? {
            tally.add(&item);
        }
        let round = Round::since(start, tally.answer());
        producer.join().map_err(|_| "the producer panicked")?;
        Ok(round)
    }))
}

pub(crate) fn thread_starts(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        Round::timed(|| {
            let start = || thread::spawn(|| 1).join().map_err(|_| "the thread panicked".into());
            (0..amount).map(|_| start()).sum()
        })
    }))
}

pub(crate) fn process_starts(_: &Task) -> Outcome<Rounds> {
    let mut command = role::command(role::NOTHING)?;
    Ok(Box::new(move |amount| {
        Round::timed(|| {
            let mut start = || Ok(u64::from(command.status()?.success()));
            (0..amount).map(|_| start()).sum()
        })
    }))
}

/// Messages from some threads to this one.
pub(crate) fn crowd(task: &Task) -> Outcome<Rounds> {
    let (senders, _) = participants::crowd(task);
    let (to, from) = mpsc::sync_channel::<[u8; SIZE]>(participants::CAPACITY);
    let send: Vec<mpsc::Sender<u64>> = (0..senders)
        .map(|_| {
            let ((order, orders), to) = (mpsc::channel(), to.clone());
            thread::spawn(move || {
                orders.iter().try_for_each(|count| (0..count).try_for_each(|_| to.send([7; SIZE])))
            });
            order
        })
        .collect();
    Ok(participants::rounds(move |count| {
        send.iter().try_for_each(|order| order.send(count / senders))?;
        Ok((0..count).filter(|_| from.recv().is_ok_and(|one| one[0] == 7)).count() as u64)
    }))
}

/// The primitives that there are.
pub(crate) fn primitives(task: &Task) -> Outcome<Rounds> {
    fn take_turn((lock, condition): &(Mutex<bool>, Condvar), mine: bool) {
        let turn = lock.lock().expect("nobody panicked");
        let waited = condition.wait_while(turn, |turn| *turn != mine);
        *waited.expect("nobody panicked") = !mine;
        condition.notify_one();
    }
    let (lock, rwlock) = (Mutex::new(0u64), RwLock::new(0u64));
    Ok(match task.point()? {
        LOCK => alone(move || *black_box(&lock).lock().expect("nobody panicked") += 1),
        READ => alone(move || {
            black_box(*black_box(&rwlock).read().expect("nobody panicked"));
        }),
        WRITE => alone(move || *black_box(&rwlock).write().expect("nobody panicked") += 1),
        CONDITION => with_thread(
            (Mutex::new(false), Condvar::new()),
            |turns| take_turn(turns, false),
            |turns| take_turn(turns, true),
        ),
        BARRIER => {
            let meet = |barrier: &Barrier| {
                barrier.wait();
            };
            with_thread(Barrier::new(2), meet, meet)
        }
        _ => return Err("std has no such primitive".into()),
    })
}

/// Threads that wait until what keeps them waiting is dropped.
pub(crate) fn idle_threads(_: &Task) -> Outcome<Rounds> {
    memory::rounds(|amount| {
        let (there, arrived) = mpsc::channel();
        let (ends, threads): (Vec<mpsc::Sender<()>>, Vec<_>) = (0..amount)
            .map(|_| {
                let ((end, ended), there) = (mpsc::channel(), there.clone());
                let idle = move || {
                    // Who starts it waits for this.
                    let _ = there.send(());
                    let _ = ended.recv();
                };
                (end, thread::spawn(idle))
            })
            .unzip();
        for _ in 0..amount {
            arrived.recv()?;
        }
        Ok((ends, Joined(threads)))
    })
}

/// Threads that are waited for when this is dropped.
struct Joined(Vec<thread::JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        for thread in self.0.drain(..) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// Processes that are told to end, and waited for, when this is dropped.
struct Reaped(Vec<Child>);

impl Drop for Reaped {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // To wait for it closes its input.
            let _ = child.wait();
        }
    }
}

/// Processes that wait.
pub(crate) fn idle_processes(_: &Task) -> Outcome<Rounds> {
    let mut command = role::command(role::IDLE)?;
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    memory::rounds(move |amount| {
        let mut workers = Reaped(Vec::new());
        for _ in 0..amount {
            workers.0.push(command.spawn()?);
        }
        for worker in &mut workers.0 {
            let output = worker.stdout.as_mut().ok_or("it has no output")?;
            output.read_exact(&mut [0])?;
        }
        Ok(workers)
    })
}

/// One of those processes.
pub(crate) fn idle() -> Outcome<()> {
    println!();
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
