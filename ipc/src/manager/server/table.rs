//! Objects, clients and their lines, by their numbers.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::{Arc, PoisonError, RwLock};

use super::cell::Cell;
use super::line::{Line, Link};
use crate::manager::host::Catch;

/// Numbers that this server gives out need no hash that withstands an attack: SipHash is a tenth of a call.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Mix(u64);

impl std::hash::Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, number: u64) {
        // The golden ratio: neighbours land far apart.
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

struct Numbered<T>(RwLock<HashMap<u64, Arc<T>, BuildHasherDefault<Mix>>>);

impl<T> Default for Numbered<T> {
    fn default() -> Numbered<T> {
        Numbered(RwLock::default())
    }
}

impl<T> Numbered<T> {
    fn add(&self, number: u64, one: Arc<T>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(number, one);
    }

    fn find(&self, number: u64) -> Option<Arc<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }

    fn take(&self, number: u64) -> Option<Arc<T>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&number)
    }

    fn take_all(&self) -> Vec<Arc<T>> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.drain().map(|(_, one)| one).collect()
    }

    fn all(&self) -> Vec<Arc<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

#[derive(Default)]
pub(super) struct Table {
    cells: Numbered<Cell>,
    /// Those that want to know of deaths, once more.
    hearing: Numbered<Cell>,
    links: Numbered<Link>,
    lines: Numbered<Line>,
}

impl Table {
    pub(super) fn add_cell(&self, cell: Arc<Cell>) {
        if cell.hears {
            self.hearing.add(cell.id, Arc::clone(&cell));
        }
        self.cells.add(cell.id, cell);
    }

    pub(super) fn cell(&self, number: u64) -> Option<Arc<Cell>> {
        self.cells.find(number)
    }

    pub(super) fn take_cell(&self, number: u64) -> Option<Arc<Cell>> {
        drop(self.hearing.take(number));
        self.cells.take(number)
    }

    /// Those that want to know of deaths.
    pub(super) fn hearing(&self) -> Vec<Arc<Cell>> {
        self.hearing.all()
    }

    pub(super) fn add_link(&self, link: Arc<Link>) {
        self.links.add(link.client.link, link);
    }

    pub(super) fn link(&self, number: u64) -> Option<Arc<Link>> {
        self.links.find(number)
    }

    pub(super) fn add_line(&self, line: Arc<Line>) {
        line.link.lines().push(line.id);
        self.lines.add(line.id, line);
    }

    pub(super) fn line(&self, number: u64) -> Option<Arc<Line>> {
        self.lines.find(number)
    }

    /// Takes a client that is gone out, with its lines.
    pub(super) fn take_link(&self, number: u64) -> Option<(Arc<Link>, Vec<Arc<Line>>)> {
        let link = self.links.take(number)?;
        let lines = std::mem::take(&mut *link.lines());
        Some((link, lines.into_iter().filter_map(|line| self.lines.take(line)).collect()))
    }

    /// Takes everything out.
    pub(super) fn clear(&self, catch: Catch) {
        // A call that runs on has a share in its line.
        self.lines.take_all().iter().for_each(|line| line.hang_up());
        drop(self.links.take_all());
        drop(self.hearing.take_all());
        let mut cells = self.cells.take_all();
        // Drops the user's objects, each on its own: one that panics must not keep the others.
        while let Some(cell) = cells.pop() {
            let mut cell = Some(cell);
            let _ = catch(&mut || drop(cell.take()));
        }
    }
}
