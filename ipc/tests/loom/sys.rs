//! What rings ask of the system, in a model.

pub(crate) mod processor {
    pub(crate) fn current() -> u32 {
        0
    }
}
