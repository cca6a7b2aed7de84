//! A large array in shared memory, and copied.

use ipc::{Connection, Owned, Queue, Receiver, Sender, Shared, channel, pipe};
use proc_spawn::Process;
use serde_bytes::ByteBuf;

use crate::measure::{Outcome, Rounds, Task};
use crate::workload::large_array::{FILL, look, rounds};

fn array(task: &Task) -> Outcome<Owned<[u8]>> {
    let mut array = Owned::<[u8]>::zeroed(task.point()? as usize)?;
    array.fill(FILL);
    Ok(array)
}

/// Looks at what comes, and says what it saw.
fn look_at_shared(arrays: Receiver<Shared<[u8]>>, sums: Sender<u64>) {
    while let Ok(array) = arrays.recv() {
        if sums.send(look(&array)).is_err() {
            return;
        }
    }
}

/// A handle is sent.
pub(crate) fn shared(task: &Task) -> Outcome<Rounds> {
    let array = array(task)?.freeze();
    let ((arrays, from_us), (to_us, sums)) = (channel(1)?, channel(1)?);
    Process::builder().daemon(true).spawn(look_at_shared, (from_us, to_us))?.detach();
    rounds(task, move || {
        arrays.send(array.clone())?;
        Ok(sums.recv()?)
    })
}

type Moved = (Owned<[u8]>, u64);

fn look_at_owned(arrays: Receiver<Owned<[u8]>>, back: Sender<Moved>) {
    while let Ok(array) = arrays.recv() {
        let sum = look(&array);
        if back.send((array, sum)).is_err() {
            return;
        }
    }
}

/// The array itself goes and comes back.
pub(crate) fn owned(task: &Task) -> Outcome<Rounds> {
    let mut array = Some(array(task)?);
    let ((arrays, from_us), (to_us, back)) = (channel(1)?, channel::<Moved>(1)?);
    Process::builder().daemon(true).spawn(look_at_owned, (from_us, to_us))?.detach();
    rounds(task, move || {
        arrays.send(array.take().ok_or("it did not come back")?)?;
        let (returned, sum) = back.recv()?;
        array = Some(returned);
        Ok(sum)
    })
}

fn look_at_bytes(mut connection: Connection<u64, ()>, size: usize) {
    let mut buffer = vec![0; size];
    while let Ok(length) = connection.recv_bytes_into(&mut buffer) {
        if connection.send(look(&buffer[..length])).is_err() {
            return;
        }
    }
}

/// Copied, through a pipe.
pub(crate) fn through_pipe(task: &Task) -> Outcome<Rounds> {
    let (size, (mut here, there)) = (task.point()? as usize, pipe::<(), u64>()?);
    Process::builder().daemon(true).spawn(look_at_bytes, (there, size))?.detach();
    let array = vec![FILL; size];
    rounds(task, move || {
        here.send_bytes(&array)?;
        Ok(here.recv()?)
    })
}

fn look_at_buffers(arrays: Queue<ByteBuf>, sums: Sender<u64>) {
    while let Ok(array) = arrays.get() {
        if sums.send(look(&array)).is_err() {
            return;
        }
    }
}

/// Copied, through a queue.
pub(crate) fn through_queue(task: &Task) -> Outcome<Rounds> {
    let (arrays, (to_us, sums)) = (Queue::bounded(1)?, channel(1)?);
    Process::builder().daemon(true).spawn(look_at_buffers, (arrays.clone(), to_us))?.detach();
    let array = ByteBuf::from(vec![FILL; task.point()? as usize]);
    rounds(task, move || {
        arrays.put(array.clone())?;
        Ok(sums.recv()?)
    })
}
