//! Where the program's own image lies, and which build it is.
#![expect(unsafe_code, reason = "dl_iterate_phdr hands out raw program headers")]

use std::ops::Range;
use std::sync::OnceLock;

use crate::sys::fnv::hash;

/// One loaded ELF image, the program's own.
#[derive(Debug)]
pub(crate) struct Image {
    /// Address that file addresses are relative to.
    pub(crate) base: usize,
    /// The loaded parts that the program cannot write to once it runs.
    pub(crate) read_only: Vec<Range<usize>>,
    /// The linker's build id, or a hash of the code where the linker left none.
    pub(crate) build_id: String,
}

/// The image of the running program.
pub(crate) fn main() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let mut found: Option<Image> = None;
        // SAFETY: the callback only reads the record it is given and writes through `data`, which is
        // the local above and outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut found).cast()) };
        found.expect("a running program has at least its own image")
    })
}

/// The loader lists the program itself first.
unsafe extern "C" fn first(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    data: *mut libc::c_void,
) -> i32 {
    // SAFETY: dl_iterate_phdr passes a valid record, whose headers are `dlpi_phnum` in number, and
    // `data` is the Option that `main` passed.
    unsafe {
        let info = &*info;
        let headers = std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into());
        *data.cast::<Option<Image>>() = Some(describe(info.dlpi_addr as usize, headers));
    }
    1
}

fn describe(base: usize, headers: &[libc::Elf64_Phdr]) -> Image {
    let place = |header: &libc::Elf64_Phdr| {
        let start = base + header.p_vaddr as usize;
        start..start + header.p_memsz as usize
    };
    let read_only = headers
        .iter()
        .filter(|header| {
            (header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W == 0)
                || header.p_type == libc::PT_GNU_RELRO
        })
        .map(place)
        .collect();
    let build_id = headers
        .iter()
        .filter(|header| header.p_type == libc::PT_NOTE)
        .find_map(|header| gnu_build_id(loaded(&place(header))))
        .unwrap_or_else(|| {
            let code = headers.iter().filter(|header| {
                header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_X != 0
            });
            format!("code-{:016x}", code.fold(0, |seed, header| hash(seed, loaded(&place(header)))))
        });
    Image { base, read_only, build_id }
}

fn loaded(range: &Range<usize>) -> &'static [u8] {
    // SAFETY: the range is a read-only segment (note or code) that the loader mapped for as long as
    // the program runs.
    unsafe { std::slice::from_raw_parts(range.start as *const u8, range.len()) }
}

/// Notes are {name length, description length, type, name, description}, each padded to four.
fn gnu_build_id(mut notes: &[u8]) -> Option<String> {
    const NT_GNU_BUILD_ID: u32 = 3;
    while let Some((header, rest)) = notes.split_at_checked(12) {
        let field = |at: usize| u32::from_ne_bytes(header[at..at + 4].try_into().expect("four"));
        let (name_len, text_len) = (field(0) as usize, field(4) as usize);
        let (name, rest) = rest.split_at_checked(name_len.next_multiple_of(4))?;
        let (text, rest) = rest.split_at_checked(text_len.next_multiple_of(4))?;
        if field(8) == NT_GNU_BUILD_ID && name.starts_with(b"GNU\0") {
            return Some(text[..text_len].iter().map(|byte| format!("{byte:02x}")).collect());
        }
        notes = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{gnu_build_id, main};

    #[test]
    fn the_image_contains_its_own_constants_and_has_a_build_id() {
        static PROBE: &[u8] = b"somewhere in the read-only data";
        let image = main();
        let address = PROBE.as_ptr() as usize;
        assert!(image.read_only.iter().any(|part| part.contains(&address)));
        assert!(!image.build_id.is_empty());
    }

    #[test]
    fn a_truncated_note_is_no_build_id() {
        assert_eq!(gnu_build_id(&[4, 0, 0, 0, 255, 0, 0, 0, 3, 0, 0, 0, b'G', b'N']), None);
    }
}
