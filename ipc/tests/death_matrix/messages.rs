//! What is sent, and who got what.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::collections::BTreeMap;

use ipc::{Queue, RecvError, Shared};

use crate::stepping::{SOON, ensure};

/// A number, bytes that say so again, and a value that does.
pub type Message = (u64, Vec<u8>, Option<Shared<u64>>);

/// The number of the last message, which a survivor sends.
pub const LAST: u64 = 100;

fn message(number: u64, size: usize, value: bool) -> Message {
    (number, vec![number as u8; size], value.then(|| Shared::new(number).expect("memory")))
}

/// Fits into a slot.
pub fn short(number: u64) -> Message {
    message(number, 8, false)
}

/// Goes in a parcel.
pub fn long(number: u64) -> Message {
    message(number, 600, false)
}

/// Goes in a parcel that owns something.
pub fn with_value(number: u64) -> Message {
    message(number, 8, true)
}

fn check((number, bytes, value): &Message) -> Result<u64, String> {
    let whole = !bytes.is_empty()
        && bytes.iter().all(|byte| u64::from(*byte) == *number)
        && value.as_ref().is_none_or(|value| **value == *number);
    ensure(whole, &format!("message {number} is not whole"))?;
    Ok(*number)
}

/// What survivors have received.
#[derive(Default)]
pub struct Ledger(BTreeMap<u64, usize>);

impl Ledger {
    pub fn enter(&mut self, message: Result<Message, RecvError>) -> Result<u64, String> {
        let message = message.map_err(|error| format!("not received: {error}"))?;
        let number = check(&message)?;
        let times = self.0.entry(number).or_default();
        *times += 1;
        ensure(*times == 1, &format!("message {number} is doubled"))?;
        Ok(number)
    }

    pub fn has(&self, number: u64) -> bool {
        self.0.contains_key(&number)
    }

    pub fn misses(&self, number: u64) -> usize {
        usize::from(!self.has(number))
    }
}

/// Puts the last message, receives until it is there, and says that all is done.
pub fn drain(queue: &Queue<Message>, ledger: &mut Ledger) -> Result<(), String> {
    queue.put_timeout(short(LAST), SOON).map_err(|error| format!("not put: {error}"))?;
    while !ledger.has(LAST) {
        ledger.enter(queue.get_timeout(SOON))?;
    }
    ensure(queue.try_get().is_err(), "a message comes from nowhere")?;
    while queue.task_done().is_ok() {}
    ensure(queue.join_timeout(SOON), "what the dead had taken is never done")
}
