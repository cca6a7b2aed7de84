//! Every name of the crate that its users rely on, with its shape: a change of one fails to compile.
#![expect(clippy::type_complexity, reason = "shapes are what this is about")]

use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use ipc::{
    Array, Connection, DecodeError, EncodeError, Owned, Queue, Receiver, RecvError, RecvHalf,
    SendError, SendHalf, Sender, ShareableList, Shared, SharedMemory, TaskDoneTooOften, Value,
    Waitable, channel, pipe, wait,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_prims::process::{Event, Lock, RwLock};

fn handle<T: Serialize + DeserializeOwned + Send + UnwindSafe + std::fmt::Debug>() {}
fn common<T: Sync + RefUnwindSafe>() {}
fn clone<T: Clone>() {}
fn waitable<T: Waitable>() {}
fn error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn every_handle_travels_and_can_be_shared_as_far_as_its_kind_allows() {
    handle::<Shared<u64>>();
    handle::<Shared<[u64]>>();
    handle::<Shared<Event>>();
    handle::<Shared<RwLock<[u64]>>>();
    handle::<Value<u64>>();
    handle::<Array<u64>>();
    handle::<Owned<u64>>();
    handle::<Owned<[u64]>>();
    handle::<SharedMemory>();
    handle::<ShareableList>();
    handle::<Sender<u64>>();
    handle::<Receiver<u64>>();
    handle::<Queue<u64>>();
    handle::<Connection<u64, u64>>();
    handle::<SendHalf<u64>>();
    handle::<RecvHalf<u64>>();
    common::<Shared<AtomicU64>>();
    common::<Value<u64>>();
    common::<Sender<u64>>();
    common::<Receiver<u64>>();
    common::<Queue<u64>>();
    clone::<Shared<u64>>();
    clone::<Sender<u64>>();
    clone::<Receiver<u64>>();
    clone::<Queue<u64>>();
    waitable::<Receiver<u64>>();
    waitable::<Queue<u64>>();
    waitable::<Connection<u64, u64>>();
    waitable::<RecvHalf<u64>>();
    error::<SendError<u64>>();
    error::<RecvError>();
    error::<EncodeError>();
    error::<DecodeError>();
    error::<TaskDoneTooOften>();
}

#[test]
fn every_function_has_its_shape() {
    let _: fn(u64) -> io::Result<Shared<u64>> = Shared::new;
    let _: fn(u64) -> io::Result<Value<u64>> = Value::locked;
    let _: fn(usize) -> io::Result<Array<u64>> = Array::<u64>::zeroed;
    let _: fn(&[u64]) -> io::Result<Array<u64>> = Array::<u64>::from_slice;
    let _: fn(usize) -> io::Result<Shared<RwLock<[u64]>>> = Shared::<RwLock<[u64]>>::zeroed;
    let _: fn(u64) -> io::Result<Owned<u64>> = Owned::new;
    let _: fn(usize) -> io::Result<Owned<[u64]>> = Owned::<[u64]>::zeroed;
    let _: fn(&[u64]) -> io::Result<Owned<[u64]>> = Owned::<[u64]>::from_slice;
    let _: fn(Owned<[u64]>) -> Shared<[u64]> = Owned::freeze;
    let _: fn(&Value<u64>) -> &Lock<u64> = |value| value;

    let _: fn(usize) -> io::Result<SharedMemory> = SharedMemory::create;
    let _: fn(&str, usize) -> io::Result<SharedMemory> = SharedMemory::create_named;
    let _: fn(&str) -> io::Result<SharedMemory> = SharedMemory::attach;
    let _: fn(&SharedMemory) -> &str = SharedMemory::name;
    let _: fn(&SharedMemory) -> usize = SharedMemory::len;
    let _: fn(&SharedMemory, &mut [u8], usize) -> io::Result<()> = SharedMemory::read_at;
    let _: fn(&SharedMemory, &[u8], usize) -> io::Result<()> = SharedMemory::write_at;
    let _: unsafe fn(&SharedMemory) -> &[u8] = SharedMemory::as_slice;
    let _: unsafe fn(&mut SharedMemory) -> &mut [u8] = SharedMemory::as_mut_slice;
    let _: fn(SharedMemory) = SharedMemory::close;
    let _: fn(&SharedMemory) -> io::Result<()> = SharedMemory::unlink;

    type Q = Queue<u64>;
    let _: fn(usize) -> io::Result<Q> = Queue::bounded;
    let _: fn() -> io::Result<Q> = Queue::unbounded;
    let _: fn(&Q, u64) -> Result<(), SendError<u64>> = Queue::put;
    let _: fn(&Q, u64) -> Result<(), SendError<u64>> = Queue::try_put;
    let _: fn(&Q, u64, Duration) -> Result<(), SendError<u64>> = Queue::put_timeout;
    let _: fn(&Q, Vec<u64>) -> Result<usize, SendError<u64>> = Queue::put_many;
    let _: fn(&Q) -> Result<u64, RecvError> = Queue::get;
    let _: fn(&Q) -> Result<u64, RecvError> = Queue::try_get;
    let _: fn(&Q, Duration) -> Result<u64, RecvError> = Queue::get_timeout;
    let _: fn(&Q, usize) -> Result<Vec<u64>, RecvError> = Queue::get_many;
    let _: fn(&Q) -> usize = Queue::len;
    let _: fn(&Q) -> bool = Queue::is_empty;
    let _: fn(&Q) -> bool = Queue::is_full;
    let _: fn(&Q) = Queue::close;
    let _: fn(&Q) = Queue::join;
    let _: fn(&Q, Duration) -> bool = Queue::join_timeout;
    let _: fn(&Q) -> Result<(), TaskDoneTooOften> = Queue::task_done;
    let _: fn(Q) -> (Sender<u64>, Receiver<u64>) = Queue::split;
    let _ = |queue: Q| queue.iter().sum::<u64>();

    let _: fn(usize) -> io::Result<(Sender<u64>, Receiver<u64>)> = channel;
    let _: fn(&Sender<u64>, u64) -> Result<(), SendError<u64>> = Sender::send;
    let _: fn(&Sender<u64>, u64) -> Result<(), SendError<u64>> = Sender::try_send;
    let _: fn(&Sender<u64>, u64, Duration) -> Result<(), SendError<u64>> = Sender::send_timeout;
    let _: fn(&Receiver<u64>) -> Result<u64, RecvError> = Receiver::recv;
    let _: fn(&Receiver<u64>) -> Result<u64, RecvError> = Receiver::try_recv;
    let _: fn(&Receiver<u64>, Duration) -> Result<u64, RecvError> = Receiver::recv_timeout;

    type C = Connection<u64, u8>;
    let _: fn() -> io::Result<(C, Connection<u8, u64>)> = pipe;
    let _: fn(&mut C, u64) -> Result<(), SendError<u64>> = Connection::send;
    let _: fn(&mut C, u64) -> Result<(), SendError<u64>> = Connection::try_send;
    let _: fn(&mut C, u64, Duration) -> Result<(), SendError<u64>> = Connection::send_timeout;
    let _: fn(&mut C) -> Result<u8, RecvError> = Connection::recv;
    let _: fn(&mut C) -> Result<u8, RecvError> = Connection::try_recv;
    let _: fn(&mut C, Duration) -> Result<u8, RecvError> = Connection::recv_timeout;
    let _: fn(&mut C, Duration) -> bool = Connection::poll;
    let _: fn(&mut C, &[u8]) -> Result<(), SendError<()>> = Connection::send_bytes;
    let _: fn(&mut C) -> Result<Vec<u8>, RecvError> = Connection::recv_bytes;
    let _: fn(&mut C, &mut [u8]) -> Result<usize, RecvError> = Connection::recv_bytes_into;
    let _: fn(C) -> (SendHalf<u64>, RecvHalf<u8>) = Connection::split;

    let _: fn(&[&dyn Waitable], Option<Duration>) -> io::Result<Vec<usize>> = wait;
}

#[test]
fn every_error_is_there_and_gives_the_value_back() {
    let encode = EncodeError::new("why");
    let errors = [
        SendError::Disconnected(1),
        SendError::Full(1),
        SendError::Timeout(1),
        SendError::TooLarge { value: 1, limit: 0 },
        SendError::Encode { value: Some(1), error: encode },
        SendError::Io { value: Some(1), error: io::ErrorKind::OutOfMemory.into() },
    ];
    assert!(errors.into_iter().all(|error| error.into_inner() == Some(1)));
    let _ = [
        RecvError::Disconnected,
        RecvError::Empty,
        RecvError::Timeout,
        RecvError::Deadlock,
        RecvError::Decode(DecodeError::new("why")),
        RecvError::Io(io::ErrorKind::OutOfMemory.into()),
    ];
}

#[test]
fn many_can_read_a_shared_slice_at_a_time_and_one_can_write() {
    let numbers = Shared::<RwLock<[u64]>>::zeroed(1000).unwrap();
    numbers.write().unwrap()[999] = 7;
    let (first, second) = (numbers.read().unwrap(), numbers.read().unwrap());
    assert_eq!((first.len(), first[0], second[999]), (1000, 0, 7));
}
