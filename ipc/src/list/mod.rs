//! Lists of small values by name.

mod error;
mod layout;
mod shareable_list;
mod value;

pub use error::ListError;
pub use shareable_list::ShareableList;
pub use value::ShareableValue;
