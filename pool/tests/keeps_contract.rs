//! What every pool does, on every kind of pool.

mod contract;
mod kinds;
mod sys;
mod watchdog;

use contract::contract;
use watchdog::watch;

proc_spawn::enable_test_support!();

contract!(threads, crate::kinds::threads);
contract!(by_spawn, crate::kinds::by_spawn);
sys::where_a_fork_server_can_be! {
    contract!(by_fork_server, crate::kinds::by_fork_server);
}
contract!(carried, crate::kinds::carried);
