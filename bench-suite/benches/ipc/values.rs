//! Values between two producers and two consumers, and a large one that is handed over.

use std::hint::black_box;
use std::io;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use ipc::{Owned, Queue, Shared, channel};
use proc_spawn::{Failure, Process};
use serde_bytes::ByteArray;
use sync_prims::process::Barrier;

use crate::{Outcome, Work, timed};

/// 48 bytes as they are, as Python's are: what serde makes of a type is not the queue's doing.
type Small = ByteArray<48>;

const SMALL: Small = ByteArray::new([1; 48]);

fn produce(queue: Queue<Small>, times: u64, start: Shared<Barrier>) -> Result<(), Failure> {
    start.wait()?;
    (0..times)
        .try_for_each(|_| queue.put(SMALL))
        .map_err(|error| io::Error::other(format!("{error:?}")).into())
}

fn consume(
    queue: Queue<Small>,
    times: u64,
    start: Shared<Barrier>,
    end: Shared<Barrier>,
) -> Result<(), Failure> {
    start.wait()?;
    for _ in 0..times {
        black_box(queue.get()?);
    }
    end.wait()?;
    Ok(())
}

pub(crate) fn queue() -> Work {
    Box::new(|times| {
        let queue = Queue::bounded(1024)?;
        let (start, end) = (Shared::new(Barrier::new(5))?, Shared::new(Barrier::new(3))?);
        let each = times / 2;
        let mut children = Vec::new();
        for _ in 0..2 {
            children.push(Process::spawn(produce, (queue.clone(), each, start.clone()))?);
            let args = (queue.clone(), each, start.clone(), end.clone());
            children.push(Process::spawn(consume, args)?);
        }
        start.wait()?;
        let time = timed(|| {
            end.wait()?;
            Ok(())
        })?;
        for child in children {
            child.join()??;
        }
        Ok(time)
    })
}

pub(crate) fn crossbeam() -> Work {
    Box::new(|times| {
        let (sender, receiver) = crossbeam_channel::bounded::<Small>(1024);
        let start = std::sync::Barrier::new(5);
        let (start, each) = (&start, times / 2);
        thread::scope(|scope| {
            for sender in [sender.clone(), sender] {
                scope.spawn(move || {
                    start.wait();
                    (0..each).for_each(|_| sender.send(SMALL).expect("somebody receives"));
                });
            }
            let consumers: Vec<_> = [receiver.clone(), receiver]
                .map(|receiver| {
                    scope.spawn(move || {
                        start.wait();
                        (0..each).for_each(|_| assert!(black_box(receiver.recv()).is_ok()));
                    })
                })
                .into();
            start.wait();
            timed(|| {
                consumers.into_iter().for_each(|consumer| consumer.join().expect("no panic"));
                Ok(())
            })
        })
    })
}

const PYTHON: &str = "
import multiprocessing as mp, time, sys
def produce(q, n, b):
    b.wait()
    for _ in range(n): q.put(bytes(48))
def consume(q, n, b, e):
    b.wait()
    for _ in range(n): q.get()
    e.wait()
if __name__ == '__main__':
    n = int(sys.argv[1]) // 2
    q, b, e = mp.Queue(1024), mp.Barrier(5), mp.Barrier(3)
    ps = [mp.Process(target=produce, args=(q, n, b)) for _ in range(2)]
    ps += [mp.Process(target=consume, args=(q, n, b, e)) for _ in range(2)]
    for p in ps: p.start()
    b.wait(); t = time.perf_counter_ns(); e.wait()
    print(time.perf_counter_ns() - t)
    for p in ps: p.join()
";

/// `multiprocessing.Queue`, if there is a Python.
pub(crate) fn python() -> Option<Work> {
    script(PYTHON)
}

/// A script that is told how often, and prints how many nanoseconds it took.
pub(crate) fn script(script: &'static str) -> Option<Work> {
    let python = move |times: u64| {
        let mut command = Command::new("python3");
        command.args(["-c", script, &times.to_string()]).stderr(Stdio::null());
        command.output().ok().filter(|output| output.status.success())
    };
    python(10)?;
    Some(Box::new(move |times| {
        let output = python(times).ok_or("Python has failed")?;
        Ok(Duration::from_nanos(String::from_utf8(output.stdout)?.trim().parse()?))
    }))
}

/// Half a round trip of 256 MiB that are not copied.
pub(crate) fn hand_over() -> Outcome<Work> {
    let (to, from_us) = channel::<Owned<[f64]>>(1)?;
    let (to_us, from) = channel(1)?;
    let back = move |receiver: ipc::Receiver<Owned<[f64]>>, sender: ipc::Sender<Owned<[f64]>>| {
        receiver.iter().for_each(|value| sender.send(value).expect("somebody receives"));
    };
    Process::builder().daemon(true).spawn(back, (from_us, to_us))?.detach();
    let mut values = Some(Owned::<[f64]>::zeroed(32 << 20)?);
    Ok(Box::new(move |times| {
        let both = timed(|| {
            for _ in 0..times {
                to.send(values.take().ok_or("it is here")?)?;
                values = Some(from.recv()?);
            }
            Ok(())
        })?;
        Ok(both / 2)
    }))
}
