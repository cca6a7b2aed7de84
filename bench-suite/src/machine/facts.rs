//! The machine, in the words that a reader needs to judge the figures.

use std::env;
use std::thread;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::machine::sys;

/// The machine and what the suite was built with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The operating system and its version.
    pub(crate) system: String,
    pub(crate) architecture: String,
    pub(crate) processor: String,
    /// How many of them this process may use.
    pub(crate) processors: usize,
    /// In bytes.
    pub(crate) memory: Option<u64>,
    /// The average number of those that wanted to run, in the last minute.
    pub(crate) load: Option<f64>,
    pub(crate) compiler: String,
    /// Whether the suite was built with optimisations.
    pub(crate) optimised: bool,
    /// When the run began.
    pub(crate) seconds_since_1970: u64,
}

impl Machine {
    /// This one, now.
    pub(crate) fn this() -> Machine {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Machine {
            system: sys::system(),
            architecture: env::consts::ARCH.to_owned(),
            processor: sys::processor().unwrap_or_else(|| "of an unknown kind".to_owned()),
            processors: thread::available_parallelism().map_or(1, usize::from),
            memory: sys::memory(),
            load: sys::load(),
            compiler: env!("BENCH_SUITE_RUSTC").to_owned(),
            optimised: !cfg!(debug_assertions),
            seconds_since_1970: now.map_or(0, |duration| duration.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Machine;

    #[test]
    fn this_machine_has_what_a_machine_has() {
        let machine = Machine::this();
        assert!(machine.processors > 0 && machine.memory != Some(0), "{machine:?}");
        assert!(machine.compiler.starts_with("rustc"), "{machine:?}");
        assert!(!machine.system.is_empty() && !machine.processor.is_empty(), "{machine:?}");
    }
}
