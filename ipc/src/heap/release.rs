//! Ends of holds, and of the objects whose last hold it was.

use super::alloc::{self, class_size, is_discarded};
use super::hold::{HoldId, Owner, Role, destroy, erase, find, first, link, unlink};
use super::layout::ProcessId;
use super::map::Heap;
use super::object::{Fields, Kind, ObjectId, count_role, exists, halves, pack_state, unpack_state};
use super::transaction::Transaction;

impl Heap {
    /// Ends a hold; with the last one the object is freed and what it owned released, in turn.
    /// Nothing happens if `owner` has no such hold. `me` does the work: if it dies in between, the
    /// rest belongs to it and goes on in its sweep.
    pub(crate) fn release(&self, hold: HoldId, owner: Owner, me: ProcessId) {
        let mine = Owner::Process(me);
        let mut work = vec![(hold, owner)];
        while let Some((hold, owner)) = work.pop() {
            let mut tx = Transaction::begin(self);
            let Some((object, role)) = find(&tx, hold, owner) else { continue };
            if !exists(&tx, object) {
                erase(&mut tx, hold, owner);
                tx.commit();
                continue;
            }
            let fields = Fields::of(&self.layout, object);
            let (count, _) = halves(tx.read(fields.holds()));
            let owned = Owner::Object(object);
            let first_owned = first(&tx, owned);
            let (kind, class, generation) = unpack_state(tx.read(fields.state()));
            let (_, receivers) = halves(tx.read(fields.roles()));
            // Again on the way to itself: things that own each other, which is damage.
            let again = work.iter().any(|(other, _)| *other == hold);
            if count > 1 && first_owned.is_some() && role.receives() && receivers == 1 && !again {
                // The last one that could receive what is in there goes: nobody ever will. First what
                // is in there, as long as this hold makes sure that it is done.
                drop(tx);
                work.push((hold, owner));
                work.extend(self.first_hold(owned).map(|inner| (inner, owned)));
            } else if count > 1 {
                destroy(&mut tx, hold, owner, role, object);
                tx.commit();
            } else if first_owned.is_none() && !is_discarded(&tx, kind, class) {
                destroy(&mut tx, hold, owner, role, object);
                alloc::free(&mut tx, object, false);
                tx.commit();
                self.freed(class_size(class), me);
            } else {
                if kind != Kind::Dead || owner != mine {
                    count_role(&mut tx, object, role, false);
                    unlink(&mut tx, hold.index, owner);
                    link(&mut tx, hold.index, mine, Role::Plain);
                    tx.write(fields.state(), pack_state(Kind::Dead, class, generation));
                    tx.commit();
                } else {
                    drop(tx);
                }
                if first_owned.is_none() {
                    self.free_large(hold, mine, object);
                    self.freed(class_size(class), me);
                } else {
                    // First what it owns, then the object itself.
                    work.push((hold, mine));
                    work.extend(self.first_hold(owned).map(|inner| (inner, owned)));
                }
            }
        }
    }

    /// The last step for a dead object with a large block: gives the pages back without the lock.
    fn free_large(&self, hold: HoldId, owner: Owner, object: ObjectId) {
        let discarded = self.block(object, 1).and_then(|it| self.discard(it.offset, it.size));
        if discarded.is_err() {
            // The block stays with this process, unused, until the process ends and its sweep tries
            // again.
            return;
        }
        let mut tx = Transaction::begin(self);
        if let Some((object, role)) = find(&tx, hold, owner) {
            destroy(&mut tx, hold, owner, role, object);
            alloc::free(&mut tx, object, true);
            tx.commit();
        }
    }
}
