//! The ways from one process or thread to another, as the tables and the benches use them: something is
//! asked there and back, or carried there.

use std::time::Instant;

use crate::measure::{Outcome, Round, Rounds};

pub use crate::ours::arrays::{ask as array_ask, carry as array_carry};
pub use crate::ours::pipes::{ask as pipe_ask, carry as pipe_carry};
pub use crate::ours::queues::{
    ask_channel as channel_ask, ask_queue as queue_ask, carry_channel as channel_carry,
    carry_queue as queue_carry,
};
pub use crate::peer::crossbeam::{ask as crossbeam_ask, carry as crossbeam_carry};
pub use crate::peer::iceoryx2::carry as iceoryx2_carry;
pub use crate::peer::memory::carry as memory_carry;
pub use crate::peer::servo::{ask as ipc_channel_ask, carry as ipc_channel_carry};
pub use crate::peer::streams::{ask_pipe as os_pipe_ask, carry_pipe as os_pipe_carry};
pub use crate::peer::sys::socket::{ask as unix_socket_ask, carry as unix_socket_carry};

/// Sends a number to another, who sends it back; gives what came back.
pub type Ask = Box<dyn FnMut(u64) -> Outcome<u64>>;

/// Takes so many messages, whose size was said before, to another; gives how many arrived whole.
pub type Carry = Box<dyn FnMut(u64) -> Outcome<u64>>;

/// Rounds of single questions. The answer is how many came back right.
pub(crate) fn asked(mut ask: Ask) -> Rounds {
    Box::new(move |amount| {
        let mut seconds = Vec::with_capacity(amount as usize);
        let mut right = 0;
        for number in 0..amount {
            let start = Instant::now();
            let back = ask(number)?;
            seconds.push(start.elapsed().as_secs_f64());
            right += u64::from(back == number);
        }
        Ok(Round::of_each(seconds, right))
    })
}

/// Rounds of messages that are carried. The answer is how many arrived.
pub(crate) fn carried(mut carry: Carry) -> Rounds {
    Box::new(move |amount| Round::timed(|| carry(amount)))
}
