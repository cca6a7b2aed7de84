//! The pool of another that needs some preparation.

use std::time::Instant;

use bench_suite::procspawn_in_batches;

use crate::{Outcome, WORKERS, succ};

/// The procspawn crate's pool.
pub(crate) struct Procspawn(procspawn::Pool);

impl Procspawn {
    pub(crate) fn start() -> Outcome<Procspawn> {
        let pool = procspawn::Pool::new(WORKERS).map_err(|error| error.to_string())?;
        let procspawn = Procspawn(pool);
        procspawn.all(100)?;
        Ok(procspawn)
    }

    /// As many at a time as it bears.
    pub(crate) fn all(&self, count: u64) -> Outcome<f64> {
        let begun = Instant::now();
        procspawn_in_batches(&self.0, succ, 0..count)?;
        Ok(begun.elapsed().as_secs_f64())
    }

    pub(crate) fn one_by_one(&self, count: u64) -> Outcome<f64> {
        let begun = Instant::now();
        for n in 0..count {
            self.0.spawn(n, succ).join().map_err(|error| error.to_string())?;
        }
        Ok(begun.elapsed().as_secs_f64())
    }
}
