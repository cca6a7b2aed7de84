//! Holds: who keeps an object alive. An object is freed with its last hold.
//!
//! ```text
//! word 0   object (32) | generation (32)
//! word 1   owner (32) | kind of owner (8) | role (8)
//! word 2   previous (32) | next (32) in the owner's list
//! word 3   the process that answers for the hold of a parcel while no slot of its ring names it
//! ```

use std::io;
use std::sync::atomic::Ordering;

use super::layout::{ProcessId, header};
use super::map::Heap;
use super::object::{
    Fields, Kind, ObjectId, count_role, damaged, exists, halves, join, unpack_state,
};
use super::transaction::Transaction;

/// Who has a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A process, until it releases the hold or dies.
    Process(ProcessId),
    /// Another object, until that is freed: a message has what travels in it, a ring its messages.
    Object(ObjectId),
}

/// What a hold on a ring is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Not a ring, or an owner that neither sends nor receives.
    Plain = 0,
    /// May send.
    Sender = 1,
    /// May receive.
    Receiver = 2,
    /// May do both.
    Both = 3,
}

impl Role {
    pub(super) fn sends(self) -> bool {
        matches!(self, Role::Sender | Role::Both)
    }

    pub(super) fn receives(self) -> bool {
        matches!(self, Role::Receiver | Role::Both)
    }

    fn from_raw(raw: u8) -> Role {
        match raw & 3 {
            0 => Role::Plain,
            1 => Role::Sender,
            2 => Role::Receiver,
            _ => Role::Both,
        }
    }
}

/// Names a hold: its place in the table and how often that place was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct HoldId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

const OWNED_BY_PROCESS: u8 = 1;
const OWNED_BY_OBJECT: u8 = 2;

fn pack_owner(owner: Owner, role: Role) -> u64 {
    let (raw, kind) = match owner {
        Owner::Process(process) => (process.raw(), OWNED_BY_PROCESS),
        Owner::Object(object) => (object.0, OWNED_BY_OBJECT),
    };
    u64::from(raw) | u64::from(kind) << 32 | (role as u64) << 40
}

fn unpack_owner(word: u64) -> Option<(Owner, Role)> {
    let owner = match (word >> 32) as u8 {
        OWNED_BY_PROCESS => Owner::Process(ProcessId::from_raw(word as u32)?),
        OWNED_BY_OBJECT => Owner::Object(ObjectId(word as u32)),
        _ => return None,
    };
    Some((owner, Role::from_raw((word >> 40) as u8)))
}

fn is_in_table(heap: &Heap, index: u32) -> bool {
    index != 0 && index < heap.layout.holds()
}

/// Offsets of a hold's words. What is not in the table has the record of none, number 0, in which
/// nothing is ever looked for.
fn record(heap: &Heap, index: u32) -> [u64; 4] {
    let at = heap.layout.hold(if is_in_table(heap, index) { index } else { 0 });
    [at, at + 8, at + 16, at + 24]
}

/// The first hold of an owner's list.
fn read_head(tx: &Transaction<'_>, owner: Owner) -> u32 {
    match owner {
        Owner::Process(process) => tx.read(super::process::holds(process)) as u32,
        Owner::Object(object) => halves(tx.read(Fields::of(&tx.heap().layout, object).holds())).1,
    }
}

fn write_head(tx: &mut Transaction<'_>, owner: Owner, head: u32) {
    match owner {
        Owner::Process(process) => tx.write(super::process::holds(process), head.into()),
        Owner::Object(object) => {
            let holds = Fields::of(&tx.heap().layout, object).holds();
            tx.update(holds, |word| join(halves(word).0, head));
        }
    }
}

pub(super) fn link(tx: &mut Transaction<'_>, index: u32, owner: Owner, role: Role) {
    let head = read_head(tx, owner);
    let [_, owner_word, list, _] = record(tx.heap(), index);
    tx.write(owner_word, pack_owner(owner, role));
    tx.write(list, join(0, head));
    if head != 0 {
        let [_, _, list, _] = record(tx.heap(), head);
        tx.update(list, |word| join(index, halves(word).1));
    }
    write_head(tx, owner, index);
}

pub(super) fn unlink(tx: &mut Transaction<'_>, index: u32, owner: Owner) {
    let [_, _, list, _] = record(tx.heap(), index);
    let (previous, next) = halves(tx.read(list));
    if previous == 0 {
        write_head(tx, owner, next);
    } else {
        let [_, _, list, _] = record(tx.heap(), previous);
        tx.update(list, |word| join(halves(word).0, next));
    }
    if next != 0 {
        let [_, _, list, _] = record(tx.heap(), next);
        tx.update(list, |word| join(previous, halves(word).1));
    }
}

/// A new hold on `object`.
pub(super) fn create(
    tx: &mut Transaction<'_>,
    object: ObjectId,
    owner: Owner,
    role: Role,
) -> io::Result<HoldId> {
    let mut index = tx.read(header::FREE_HOLD) as u32;
    // What is a hold stands there after damage only: then the rest of the list is lost.
    if !is_in_table(tx.heap(), index) || owner_of(tx, index).is_some() {
        index = tx.read(header::HOLDS) as u32;
        if is_in_table(tx.heap(), index) && owner_of(tx, index).is_some() {
            return Err(damaged());
        }
        if !is_in_table(tx.heap(), index) {
            let why = "the program's heap has no room for another handle";
            return Err(io::Error::new(io::ErrorKind::OutOfMemory, why));
        }
        tx.write(header::HOLDS, u64::from(index) + 1);
    } else {
        let [_, _, list, _] = record(tx.heap(), index);
        let next = halves(tx.read(list)).1;
        tx.write(header::FREE_HOLD, next.into());
    }
    let [what, _, _, _] = record(tx.heap(), index);
    let generation = halves(tx.read(what)).1;
    tx.write(what, join(object.0, generation));
    link(tx, index, owner, role);
    let holds = Fields::of(&tx.heap().layout, object).holds();
    tx.update(holds, |word| join(halves(word).0.saturating_add(1), halves(word).1));
    count_role(tx, object, role, true);
    Ok(HoldId { index, generation })
}

/// Ends a hold. The object's count goes down; freeing it is the caller's matter.
pub(super) fn destroy(
    tx: &mut Transaction<'_>,
    hold: HoldId,
    owner: Owner,
    role: Role,
    object: ObjectId,
) {
    erase(tx, hold, owner);
    let holds = Fields::of(&tx.heap().layout, object).holds();
    tx.update(holds, |word| join(halves(word).0.saturating_sub(1), halves(word).1));
    count_role(tx, object, role, false);
}

/// Ends a hold, whatever it was on.
pub(super) fn erase(tx: &mut Transaction<'_>, hold: HoldId, owner: Owner) {
    unlink(tx, hold.index, owner);
    let [what, owner_word, list, _] = record(tx.heap(), hold.index);
    tx.write(what, join(0, hold.generation.wrapping_add(1)));
    tx.write(owner_word, 0);
    let next = tx.read(header::FREE_HOLD) as u32;
    tx.write(list, join(0, next));
    tx.write(header::FREE_HOLD, hold.index.into());
}

fn owner_of(tx: &Transaction<'_>, index: u32) -> Option<(Owner, Role)> {
    let [_, owner_word, _, _] = record(tx.heap(), index);
    unpack_owner(tx.read(owner_word))
}

/// The hold after `previous` in the list of `owner`, or the first after 0. One that is another's or does
/// not point back is not the list's work; so no list leads in a circle, whatever stands in it.
fn next(tx: &Transaction<'_>, owner: Owner, previous: u32) -> Option<u32> {
    let index = match previous {
        0 => read_head(tx, owner),
        _ => halves(tx.read(record(tx.heap(), previous)[2])).1,
    };
    let [_, _, list, _] = record(tx.heap(), index);
    let listed = is_in_table(tx.heap(), index)
        && owner_of(tx, index).is_some_and(|(found, _)| found == owner)
        && halves(tx.read(list)).0 == previous;
    listed.then_some(index)
}

/// The first hold of `owner`.
pub(super) fn first(tx: &Transaction<'_>, owner: Owner) -> Option<HoldId> {
    Some(named(tx, next(tx, owner, 0)?).0)
}

fn named(tx: &Transaction<'_>, index: u32) -> (HoldId, ObjectId) {
    let [what, _, _, _] = record(tx.heap(), index);
    let (object, generation) = halves(tx.read(what));
    (HoldId { index, generation }, ObjectId(object))
}

/// What `hold` is on, if `owner` still has it.
pub(super) fn find(tx: &Transaction<'_>, hold: HoldId, owner: Owner) -> Option<(ObjectId, Role)> {
    if !is_in_table(tx.heap(), hold.index) {
        return None;
    }
    let [what, _, _, _] = record(tx.heap(), hold.index);
    let (object, generation) = halves(tx.read(what));
    let (found, role) = owner_of(tx, hold.index)?;
    (generation == hold.generation && found == owner).then_some((ObjectId(object), role))
}

impl Heap {
    /// Another hold on `object`. The caller has one, so the object lives.
    pub(crate) fn add_hold(
        &self,
        object: ObjectId,
        owner: Owner,
        role: Role,
    ) -> io::Result<HoldId> {
        let mut tx = Transaction::begin(self);
        let hold = create(&mut tx, object, owner, role)?;
        tx.commit();
        Ok(hold)
    }

    /// Gives a hold from one owner to another. `None` if `from` has no such hold (any more).
    pub(crate) fn move_hold(
        &self,
        hold: HoldId,
        from: Owner,
        to: Owner,
    ) -> Option<(ObjectId, Role)> {
        let mut tx = Transaction::begin(self);
        let (object, role) = find(&tx, hold, from)?;
        unlink(&mut tx, hold.index, from);
        link(&mut tx, hold.index, to, role);
        tx.commit();
        Some((object, role))
    }

    /// What `hold` is on, if `owner` has it.
    pub(crate) fn held(&self, hold: HoldId, owner: Owner) -> Option<ObjectId> {
        Some(find(&Transaction::begin(self), hold, owner)?.0)
    }

    /// Some hold of `owner`.
    pub(crate) fn first_hold(&self, owner: Owner) -> Option<HoldId> {
        first(&Transaction::begin(self), owner)
    }

    /// Every hold of `owner` at one moment.
    pub(crate) fn holds_of(&self, owner: Owner) -> Vec<(HoldId, ObjectId)> {
        let tx = Transaction::begin(self);
        let mut holds = Vec::new();
        let mut index = 0;
        while let Some(found) = next(&tx, owner, index) {
            holds.push(named(&tx, found));
            index = found;
        }
        holds
    }

    /// Gives `to` a hold on everything that `from` has one on, for the same role. What other threads of
    /// `from` make or release meanwhile may be among it or not.
    pub(crate) fn copy_holds(&self, from: ProcessId, to: ProcessId) -> io::Result<()> {
        for (hold, _) in self.holds_of(Owner::Process(from)) {
            let mut tx = Transaction::begin(self);
            if let Some((object, role)) = find(&tx, hold, Owner::Process(from))
                && exists(&tx, object)
                && unpack_state(tx.read(Fields::of(&self.layout, object).state())).0 != Kind::Dead
            {
                create(&mut tx, object, Owner::Process(to), role)?;
                tx.commit();
            }
        }
        Ok(())
    }

    /// Says which process answers for a parcel's hold while it belongs to a ring but no slot names
    /// it: its sender before it is published, its receiver after it was taken out. Only that process
    /// calls this, and only its sweep reads it, after its death; so a plain store will do.
    pub(crate) fn set_handler(&self, hold: HoldId, handler: ProcessId) {
        let [_, _, _, handler_word] = record(self, hold.index);
        // Relaxed: read after the kernel's word that the writer is gone.
        self.word(handler_word).store(handler.raw().into(), Ordering::Relaxed);
    }

    pub(crate) fn handler(&self, hold: HoldId) -> Option<ProcessId> {
        let [_, _, _, handler_word] = record(self, hold.index);
        ProcessId::from_raw(self.load(handler_word) as u32)
    }
}
