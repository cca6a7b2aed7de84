//! One object, and those who wait at its door: one at a time is inside.
//!
//! Whoever brings something looks whether anybody is inside. If not, he goes in and deals with all that has
//! come; if so, he leaves it there and goes away. So nobody ever waits at a door.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::birth::{Newborn, OnDeath};
use super::call::{Attempt, Call, Pending};
use super::core::Core;
use super::crew::{Lead, Outing};
use super::line::Line;
use crate::endpoint::Endpoint;
use crate::manager::function::Client;
use crate::manager::protocol::Refusal;
use crate::wait::{Source, Waitable};

pub(super) struct Cell {
    pub(super) id: u64,
    pub(super) kind: u64,
    /// Whether it hears of clients that are gone.
    pub(super) hears: bool,
    /// See [`Managed::is_plain`](crate::Managed). What is done at any other may take long.
    pub(super) is_plain: bool,
    pub(super) tenants: Endpoint,
    room: Mutex<Room>,
}

/// What is brought to an object.
pub(super) enum Mail {
    Visit(Pending),
    /// A client is gone.
    Gone(Arc<Gone>),
    /// The time of a parked call is up.
    TimeUp(u64),
    /// Nobody can reach the object any more.
    End,
}

/// A client that is gone.
pub(super) struct Gone {
    pub(super) client: Client,
    pub(super) lines: Vec<Arc<Line>>,
}

struct Room {
    mail: VecDeque<Mail>,
    /// None while somebody is inside, and after the end.
    inside: Option<Inside>,
    ended: bool,
}

/// What only the one who is inside can reach.
struct Inside {
    object: Box<dyn Any + Send>,
    on_death: Option<OnDeath>,
    /// Calls that wait for the object to change, in the order in which they came.
    parked: Vec<Parked>,
}

struct Parked {
    id: u64,
    due: Option<Instant>,
    pending: Pending,
}

impl Cell {
    pub(super) fn new(id: u64, newborn: Newborn) -> Cell {
        let Newborn { object, on_death, is_plain, kind, tenants } = newborn;
        let inside = Some(Inside { object, on_death, parked: Vec::new() });
        let room = Mutex::new(Room { mail: VecDeque::new(), inside, ended: false });
        Cell { id, kind, hears: on_death.is_some(), is_plain, tenants, room }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        // Nothing that can panic runs under this lock.
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves something at the door. [`look_after`](Cell::look_after) has to follow.
    pub(super) fn bring(&self, mail: Mail) {
        let mut room = self.room();
        if !room.ended {
            room.mail.push_back(mail);
        } else if let Mail::Visit(pending) = mail {
            drop(room);
            pending.call.refuse(Refusal::NoSuchObject);
            pending.discard();
        }
    }

    /// Deals with all that was brought, unless somebody else is doing so.
    pub(super) fn look_after(&self, core: &Arc<Core>, lead: &mut Lead) {
        let Some(mut inside) = self.room().inside.take() else { return };
        loop {
            let mut room = self.room();
            let Some(mail) = room.mail.pop_front() else {
                room.inside = Some(inside);
                return;
            };
            drop(room);
            let is_quick = match &mail {
                Mail::Visit(pending) => pending.call.is_quick(),
                Mail::Gone(_) | Mail::TimeUp(_) => self.is_plain,
                // The object's drop.
                Mail::End => false,
            };
            if !is_quick {
                lead.resign(core);
            }
            match mail {
                Mail::Visit(pending) => inside.visit(core, self.id, pending),
                Mail::Gone(gone) => inside.client_gone(core, self, &gone),
                Mail::TimeUp(call) => inside.time_up(core, call),
                Mail::End => return self.end(core, inside),
            }
        }
    }

    fn end(&self, core: &Core, inside: Inside) {
        let mut room = self.room();
        room.ended = true;
        let late = std::mem::take(&mut room.mail);
        drop(room);
        for mail in late {
            if let Mail::Visit(pending) = mail {
                pending.call.refuse(Refusal::NoSuchObject);
                pending.discard();
            }
        }
        let _outing = Outing::new(&core.crew);
        let mut inside = Some(inside);
        // A panic in there is nobody's to be told of, but the hook has printed it.
        let _ = (core.catch)(&mut || drop(inside.take()));
    }
}

impl Inside {
    fn visit(&mut self, core: &Core, cell: u64, mut pending: Pending) {
        // What a dead client had asked for must not be held by it, and nobody waits for an answer.
        if pending.call.line.link.is_gone() {
            return pending.discard();
        }
        let mut attempt = self.attempt(core, &mut pending);
        if let Attempt::Later { within: Some(Duration::ZERO) } = attempt {
            attempt = self.give_up(core, &mut pending);
        }
        match attempt {
            Attempt::Done => pending.discard(),
            Attempt::WrongType => {
                pending.call.refuse(Refusal::WrongType);
                pending.discard();
            }
            Attempt::Later { within } => self.park(core, cell, pending, within),
        }
        self.settle(core);
    }

    fn park(&mut self, core: &Core, cell: u64, pending: Pending, within: Option<Duration>) {
        let id = core.new_id();
        // A time too far to be told is as good as never.
        let due = within.and_then(|within| Instant::now().checked_add(within));
        if let Some(due) = due {
            core.timers.add(due, id, cell);
        }
        self.parked.push(Parked { id, due, pending });
    }

    fn attempt(&mut self, core: &Core, pending: &mut Pending) -> Attempt {
        let Pending { call, visit } = pending;
        self.guarded(core, call, |object| visit.attempt(object, call))
    }

    fn give_up(&mut self, core: &Core, pending: &mut Pending) -> Attempt {
        let Pending { call, visit } = pending;
        self.guarded(core, call, |object| visit.give_up(object, call))
    }

    /// A panic is answered as such.
    fn guarded(
        &mut self,
        core: &Core,
        call: &Call,
        mut run: impl FnMut(&mut dyn Any) -> Attempt,
    ) -> Attempt {
        call.go_out();
        let object = &mut *self.object;
        let mut outcome = Attempt::Done;
        if let Err(panic) = (core.catch)(&mut || outcome = run(object)) {
            call.refuse(Refusal::Panicked(panic));
        }
        call.come_back();
        outcome
    }

    /// Tries the parked calls again, until none of them gets on.
    fn settle(&mut self, core: &Core) {
        let mut progress = true;
        while progress && !self.parked.is_empty() {
            progress = false;
            let mut parked = std::mem::take(&mut self.parked);
            let is_over = |one: &mut Parked| {
                !matches!(self.attempt(core, &mut one.pending), Attempt::Later { .. })
            };
            for one in parked.extract_if(.., is_over) {
                core.timers.cancel(one.due, one.id);
                progress = true;
                one.pending.discard();
            }
            self.parked = parked;
        }
    }

    fn time_up(&mut self, core: &Core, call: u64) {
        if let Some(place) = self.parked.iter().position(|parked| parked.id == call) {
            let mut parked = self.parked.remove(place);
            if let Attempt::Later { .. } = self.give_up(core, &mut parked.pending) {
                self.parked.insert(place, Parked { due: None, ..parked });
            } else {
                parked.pending.discard();
            }
            self.settle(core);
        }
    }

    fn client_gone(&mut self, core: &Core, cell: &Cell, Gone { client, lines }: &Gone) {
        let outing = (!cell.is_plain).then(|| Outing::new(&core.crew));
        let (gone, waiting) = std::mem::take(&mut self.parked)
            .into_iter()
            .partition::<Vec<_>, _>(|parked| parked.pending.call.client.is_same_process(client));
        self.parked = waiting;
        // Before the object knows, and the last first: what the client has not received it never had.
        let mut lent: Vec<_> =
            lines.iter().filter_map(|line| Some((line.lent_by(cell.id)?, line))).collect();
        lent.sort_by_key(|(turn, _)| std::cmp::Reverse(*turn));
        for (_, line) in lent {
            let object = &mut *self.object;
            // As for the object's drop.
            let _ = (core.catch)(&mut || line.take_back(object));
        }
        if let Some(on_death) = self.on_death {
            let object = &mut *self.object;
            // As for the object's drop.
            let _ = (core.catch)(&mut || on_death(object, client));
        }
        drop(outing);
        for mut parked in gone {
            core.timers.cancel(parked.due, parked.id);
            // After the object knows: what it would have been answered is nobody's.
            let _ = self.give_up(core, &mut parked.pending);
            parked.pending.discard();
        }
        self.settle(core);
    }
}

/// Ready when nobody can reach the object any more.
impl Waitable for Cell {
    fn source(&self) -> Source<'_> {
        Source::watched(&self.tenants)
    }
}
