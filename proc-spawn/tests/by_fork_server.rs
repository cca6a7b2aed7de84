//! What holds of processes that are started anew holds of copies of a fork server.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "sets the start method before the tests begin")]
#![allow(
    clippy::duplicate_mod,
    reason = "each suite is a program of its own too, and brings its watchdog"
)]

use proc_spawn::{StartMethod, set_start_method};

#[path = "behaviour.rs"]
mod behaviour;
#[path = "given.rs"]
mod given;
#[path = "given_on_linux.rs"]
mod given_on_linux;
#[path = "life.rs"]
mod life;
#[path = "life_on_linux.rs"]
mod life_on_linux;
#[path = "limits.rs"]
mod limits;
#[path = "outcomes.rs"]
mod outcomes;

const _: () = {
    #[used]
    #[unsafe(link_section = ".init_array")]
    static BEFORE_MAIN: extern "C" fn() = choose;
};

extern "C" fn choose() {
    set_start_method(StartMethod::ForkServer);
}
