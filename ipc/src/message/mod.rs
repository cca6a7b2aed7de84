//! Messages: values as bytes, with the handles in them as holds.
//!
//! A value is first encoded into private memory or, if it is large, into a block of the heap that nobody knows of yet. A
//! handle in it becomes a new hold, which this process has until the message is on its way; then the message's parcel
//! has it. A receiver can redeem it once, from that parcel, and what it does not redeem is released with the parcel.

mod codec;
mod context;
mod draft;
mod encoded;
mod leaving;
mod parcel;

pub use codec::{Decoder, Encoder};
pub(crate) use codec::{decode_plain, one};
pub(crate) use context::{current_parcel, move_along, refuse, send_along};
pub(crate) use draft::TooLarge;
pub(crate) use encoded::{Encoded, KEPT, LARGEST};
pub(crate) use leaving::leaves;
pub use parcel::Parcel;
