//! How a call's items are dealt out.

/// Some neighbouring items of one call, which go to a worker together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) call: CallId,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Names a call within its pool. Never used again, so a late word of a call that is over finds
/// none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallId {
    pub(crate) index: usize,
    pub(crate) generation: u64,
}

impl Chunk {
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }
}

/// Items to a chunk where nobody has said how many: four chunks to a worker, as Python's `Pool` has
/// it. Never 0.
pub(crate) fn default_size(items: usize, workers: usize) -> usize {
    items.div_ceil(workers.saturating_mul(4).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::default_size;

    #[test]
    fn the_default_size_is_pythons() {
        for (items, workers, size) in [(100, 4, 7), (10, 4, 1), (33, 4, 3), (32, 4, 2), (1, 8, 1)] {
            assert_eq!(default_size(items, workers), size, "{items} items, {workers} workers");
        }
    }

    #[test]
    fn there_is_no_empty_chunk() {
        assert_eq!(default_size(0, 4), 1);
    }
}
