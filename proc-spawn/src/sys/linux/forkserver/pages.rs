//! The pages that a child needs, put in place while it stands by.
//!
//! A fork leaves out what the kernel can map again from a file, and has the rest copied when it is written to. So each
//! child would come to its code and its variables by fifty page faults, a third of the time of a start.
#![expect(unsafe_code, reason = "dl_iterate_phdr, mincore and madvise are foreign functions")]

use std::ops::Range;
use std::{slice, thread};

use libc::{MADV_POPULATE_READ, MADV_POPULATE_WRITE};

/// Where they are larger, what does not begin with one is left out.
const PAGE: usize = 4096;

/// What is put in place at a time, in about ten microseconds.
const STEP: usize = 256 << 10;

/// Code that is nearer than this to this crate's own is likely to be run.
const NEAR: usize = 2 << 20;

/// More variables than this are not likely to be changed by each child.
const FEW: usize = 64 << 10;

/// The code and the variables of the program and its libraries, in steps, with what is asked for each.
#[derive(Debug, Default)]
pub(super) struct Pages(Vec<(Range<usize>, libc::c_int)>);

impl Pages {
    pub(super) fn find() -> Self {
        let mut pages = Self::default();
        // SAFETY: the callback only reads the record that it is given, and writes to the local, which outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut pages).cast()) };
        pages
    }

    fn add(&mut self, range: Range<usize>, advice: libc::c_int) {
        let end = range.end.next_multiple_of(PAGE);
        let steps = (range.start / PAGE * PAGE..end).step_by(STEP);
        self.0.extend(steps.map(|step| (step..(step + STEP).min(end), advice)));
    }

    /// Puts in place what is in the system's memory, step by step for as long as `goes_on` says. Whoever has work on this
    /// processor goes first, and that may be the child that is just beginning.
    pub(super) fn put_in_place(&self, goes_on: impl Fn() -> bool) {
        for (step, advice) in self.0.iter().take_while(|_| goes_on()) {
            thread::yield_now();
            let (start, len) = (step.start as *mut libc::c_void, step.len());
            let mut resident = [0; STEP / PAGE];
            // SAFETY: the kernel writes a byte for each page, and changes nothing of what they have. What it does not know
            // how to do (before 5.14), or cannot do, it refuses.
            unsafe {
                if libc::mincore(start, len, resident.as_mut_ptr()) == 0
                    && resident[..len / PAGE].iter().all(|page| page & 1 != 0)
                {
                    libc::madvise(start, len, *advice);
                }
            }
        }
    }
}

unsafe extern "C" fn add(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    pages: *mut libc::c_void,
) -> libc::c_int {
    // SAFETY: dl_iterate_phdr passes a valid record with `dlpi_phnum` headers, and what `find` passed.
    let (info, pages) = unsafe { (&*info, &mut *pages.cast::<Pages>()) };
    // SAFETY: as above.
    let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let place = |header: &libc::Elf64_Phdr| {
        let start = info.dlpi_addr as usize + header.p_vaddr as usize;
        start..start + header.p_memsz as usize
    };
    let fixed = headers.iter().find(|header| header.p_type == libc::PT_GNU_RELRO).map(place);
    for header in headers.iter().filter(|header| header.p_type == libc::PT_LOAD) {
        let Range { start, end } = place(header);
        if header.p_flags & libc::PF_X != 0 {
            let here = Pages::find as fn() -> Pages as usize;
            let middle = if (start..end).contains(&here) { here } else { start };
            pages.add(
                middle.saturating_sub(NEAR).max(start)..end.min(middle + NEAR),
                MADV_POPULATE_READ,
            );
        } else if header.p_flags & libc::PF_W != 0 {
            let fixed = fixed.as_ref().filter(|fixed| (start..end).contains(&fixed.start));
            let start = fixed.map_or(start, |fixed| fixed.end);
            if end.saturating_sub(start) <= FEW {
                pages.add(start..end, MADV_POPULATE_WRITE);
            }
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::{Pages, STEP};

    #[test]
    fn code_and_variables_are_among_them() {
        static VARIABLE: AtomicU32 = AtomicU32::new(7);
        let pages = Pages::find();
        let has = |place: usize, advice| {
            pages.0.iter().any(|(step, asked)| step.contains(&place) && *asked == advice)
        };
        assert!(has(Pages::find as fn() -> Pages as usize, libc::MADV_POPULATE_READ));
        assert!(has(libc::getpid as *const () as usize, libc::MADV_POPULATE_READ));
        assert!(has((&raw const VARIABLE).addr(), libc::MADV_POPULATE_WRITE));
        assert!(pages.0.iter().all(|(step, _)| !step.is_empty() && step.len() <= STEP));
        pages.put_in_place(|| true);
        assert_eq!(VARIABLE.load(Relaxed), 7);
    }

    #[test]
    fn nothing_more_is_put_in_place_once_it_is_not_to_go_on() {
        let pages = Pages::find();
        let asked = Cell::new(0);
        pages.put_in_place(|| {
            asked.set(asked.get() + 1);
            asked.get() < 3
        });
        assert_eq!(asked.get(), 3);
    }
}
