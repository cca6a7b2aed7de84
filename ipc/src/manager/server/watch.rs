//! One thread watches what no request tells of: clients that are gone, objects that nobody can reach any
//! more, calls whose time is up, and the end of the manager.

use std::io;
use std::sync::Arc;

use super::cell::Cell;
use super::core::Core;
use crate::channel::{Receiver, Sender, channel};
use crate::error::{RecvError, SendError};
use crate::manager::protocol::Envelope;
use crate::wait::{Source, Waitable, wait};

/// Wakes the thread that watches.
#[derive(Clone)]
pub(super) struct Nudge(Sender<()>);

impl Nudge {
    pub(super) fn new() -> io::Result<(Nudge, Receiver<()>)> {
        let (nudge, nudged) = channel(1)?;
        Ok((Nudge(nudge), nudged))
    }

    pub(super) fn give(&self) {
        match self.0.try_send(()) {
            // It has been given one already that it has not looked at.
            Ok(()) | Err(SendError::Full(())) => {}
            // It has ended.
            Err(_) => {}
        }
    }
}

/// Ready when it is over with it.
pub(super) enum Watched {
    /// A client, which holds the other end.
    Pulse { link: u64, pulse: Receiver<()> },
    /// An object, whose proxies hold the other end.
    Object(Arc<Cell>),
}

impl Waitable for Watched {
    fn source(&self) -> Source<'_> {
        match self {
            Watched::Pulse { pulse, .. } => pulse.source(),
            Watched::Object(cell) => cell.source(),
        }
    }
}

/// Watches until the manager is gone.
pub(super) fn watch(core: &Core, control: &Receiver<()>, nudged: &Receiver<()>) -> io::Result<()> {
    let mut watched: Vec<Watched> = Vec::new();
    loop {
        watched.extend(core.arrivals());
        let mut sources: Vec<&dyn Waitable> = vec![control, nudged];
        sources.extend(watched.iter().map(|one| one as &dyn Waitable));
        let ready = wait(&sources, core.timers.next())?;
        if ready.first() == Some(&0) {
            match control.try_recv() {
                Err(RecvError::Empty) => {}
                Ok(()) | Err(_) => return Ok(()),
            }
        }
        // Before what came with it is taken up: who comes later gives another.
        let _ = nudged.try_recv();
        // From behind, so that the places before stay what they are.
        for place in ready.iter().rev().filter_map(|place| place.checked_sub(2)) {
            core.tell(&match watched.swap_remove(place) {
                Watched::Pulse { link, .. } => Envelope::LinkGone { link },
                Watched::Object(cell) => Envelope::Unreachable { object: cell.id },
            });
        }
        for (call, object) in core.timers.take() {
            core.tell(&Envelope::TimeUp { object, call });
        }
    }
}
