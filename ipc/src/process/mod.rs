//! The processes of the program: who lives, who watches whom, and what is done for the dead.

mod keeper;
mod life;
mod sweep;
mod wards;

pub(crate) use keeper::Keeper;
pub(crate) use life::Life;
pub(crate) use sweep::sweep;
pub(crate) use wards::Ward;
