//! What differs from machine to machine.

#[cfg(not(target_arch = "x86_64"))]
mod other;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(not(target_arch = "x86_64"))]
pub use other::{Breakpoint, keep_addresses, program_counter};
#[cfg(target_arch = "x86_64")]
pub use x86_64::{Breakpoint, keep_addresses, program_counter};
