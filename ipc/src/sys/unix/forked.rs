//! Joining the program in the child of a fork.

use std::io;
use std::sync::Arc;

use sync_prims::process;

use super::{fork, handover};
use crate::heap::ProcessId;
use crate::program::Program;
use crate::rendezvous::{Invitation, Refusal};
use crate::sys::line;

impl Program {
    /// Joins the program, in the child of a fork, at the place that the parent kept: from then on
    /// everything that this process does it does in its own name. `false` if that place was given
    /// up because the parent is gone.
    fn join_forked(&'static self, me: ProcessId) -> io::Result<bool> {
        // The registration is the parent's, and so are the locks that it holds.
        process::unregister(self.heap.whole());
        fork::settle();
        let entered = Program::enter(Arc::clone(&self.heap), me, Some(self.me))?;
        Ok(entered.map(|program| self.forked.get_or_init(|| Box::new(program))).is_some())
    }
}

impl Invitation {
    /// Takes the place, in the child of a `fork` that has no other thread.
    ///
    /// # Errors
    /// Why it cannot. The parent was told already.
    pub fn join_forked(mut self) -> Result<(), Refusal> {
        // It is this process's own from here on.
        let child = self.child.take();
        let joined = handover::replace(&self.line.theirs)
            .and_then(|_| child.map_or(Ok(false), |child| self.program.join_forked(child)));
        let refusal = match joined {
            Ok(true) => return Ok(()),
            Ok(false) => Refusal::System("the parent is gone".to_owned()),
            Err(error) => Refusal::System(error.to_string()),
        };
        // A parent that is gone needs no answer.
        let _ = line::refuse(&self.line.theirs, &refusal.encode());
        Err(refusal)
    }
}
