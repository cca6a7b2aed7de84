//! The code that a child runs, put in place while it stands by.
//!
//! A fork leaves out what the kernel can map again from a file, so each child would come to its code by thirty page
//! faults, a fifth of the time of a start.
#![expect(unsafe_code, reason = "dl_iterate_phdr, mincore and madvise are foreign functions")]

use std::ops::Range;
use std::{slice, thread};

/// Where pages are larger, what does not begin with one is left out.
const PAGE: usize = 4096;

/// What is put in place at a time, in about ten microseconds.
const STEP: usize = 256 << 10;

/// Code that is nearer than this to this crate's own is likely to be run.
const NEAR: usize = 2 << 20;

/// The code of the program and its libraries, in steps.
#[derive(Debug, Default)]
pub(super) struct Code(Vec<Range<usize>>);

impl Code {
    pub(super) fn find() -> Self {
        let mut code = Self::default();
        // SAFETY: the callback only reads the record that it is given, and writes to the local, which outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut code).cast()) };
        code
    }

    /// Puts in place what is in the system's memory, step by step for as long as `goes_on` says. (Of a file that this
    /// user may not write to the system says that all of it is.) Whoever has work on this processor goes first, and that
    /// may be the child that is just beginning.
    pub(super) fn put_in_place(&self, goes_on: impl Fn() -> bool) {
        for step in self.0.iter().take_while(|_| goes_on()) {
            thread::yield_now();
            let (start, len) = (step.start as *mut libc::c_void, step.len());
            let mut resident = [1; STEP / PAGE];
            // SAFETY: the kernel writes a byte for each page, and changes nothing of what they have. What it does not know
            // how to do (before 5.14), or cannot do, it refuses.
            unsafe {
                if libc::mincore(start, len, resident.as_mut_ptr()) == 0
                    && resident[..len / PAGE].iter().all(|page| page & 1 != 0)
                {
                    libc::madvise(start, len, libc::MADV_POPULATE_READ);
                }
            }
        }
    }
}

unsafe extern "C" fn add(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    code: *mut libc::c_void,
) -> libc::c_int {
    // SAFETY: dl_iterate_phdr passes a valid record with `dlpi_phnum` headers, and what `find` passed.
    let (info, code) = unsafe { (&*info, &mut *code.cast::<Code>()) };
    // SAFETY: as above.
    let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let is_code = |header: &&libc::Elf64_Phdr| {
        header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_X != 0
    };
    for header in headers.iter().filter(is_code) {
        let start = (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
        let end = start + header.p_memsz as usize;
        let here = Code::find as fn() -> Code as usize;
        let middle = if (start..end).contains(&here) { here } else { start };
        let start = start.max(middle.saturating_sub(NEAR)) / PAGE * PAGE;
        let end = end.min(middle + NEAR).next_multiple_of(PAGE);
        code.0.extend((start..end).step_by(STEP).map(|step| step..end.min(step + STEP)));
    }
    0
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{Code, STEP};

    #[test]
    fn that_of_the_program_and_of_its_libraries_is_in_it() {
        let code = Code::find();
        let has = |place: usize| code.0.iter().any(|step| step.contains(&place));
        assert!(has(Code::find as fn() -> Code as usize));
        assert!(has(libc::getpid as *const () as usize));
        assert!(code.0.iter().all(|step| !step.is_empty() && step.len() <= STEP));
        code.put_in_place(|| true);
    }

    #[test]
    fn nothing_more_is_put_in_place_once_it_is_not_to_go_on() {
        let asked = Cell::new(0);
        Code::find().put_in_place(|| {
            asked.set(asked.get() + 1);
            asked.get() < 3
        });
        assert_eq!(asked.get(), 3);
    }
}
