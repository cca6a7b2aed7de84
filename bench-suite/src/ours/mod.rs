//! The contenders of this workspace.

pub(crate) mod arrays;
pub(crate) mod counter;
pub(crate) mod idle;
pub(crate) mod isolation;
pub(crate) mod large;
pub(crate) mod pipes;
pub(crate) mod pools;
pub(crate) mod primitives;
pub(crate) mod queues;
pub(crate) mod recovery;
pub(crate) mod starts;
