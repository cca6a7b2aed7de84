//! The processes of the program: who lives, who watches whom, and what is done for the dead.

mod keeper;
mod life;
mod sweep;

pub(crate) use keeper::{Keeper, Ward};
pub(crate) use life::Life;
pub(crate) use sweep::sweep;
