//! Who has tasks: keeps each until its result is in, and publishes anew what the server has lost.

mod agents;
mod carrier;
mod driver;
mod mail;
mod patrol;
mod pending;

pub(crate) use carrier::Submitter;
