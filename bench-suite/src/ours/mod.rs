//! The contenders of this workspace.

pub(crate) mod counter;
pub(crate) mod isolation;
pub(crate) mod pools;
pub(crate) mod queues;
pub(crate) mod starts;
