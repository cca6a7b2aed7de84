//! Where the program's own image lies, and which build it is.
#![expect(unsafe_code, reason = "reads the headers of the image")]

use std::ops::Range;
use std::sync::OnceLock;

use windows_sys::Win32::System::Diagnostics::Debug::{
    IMAGE_NT_HEADERS64, IMAGE_SCN_MEM_EXECUTE, IMAGE_SCN_MEM_WRITE, IMAGE_SECTION_HEADER,
};
use windows_sys::Win32::System::LibraryLoader::GetModuleHandleW;
use windows_sys::Win32::System::SystemServices::IMAGE_DOS_HEADER;

use crate::sys::fnv::hash;

/// The image of the program.
#[derive(Debug)]
pub(crate) struct Image {
    /// Address that file addresses are relative to.
    pub(crate) base: usize,
    /// The loaded parts that the program cannot write to once it runs.
    pub(crate) read_only: Vec<Range<usize>>,
    /// The linker's time stamp, and a hash of the code.
    pub(crate) build_id: String,
}

/// The image of the running program.
pub(crate) fn main() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    // SAFETY: with no name, it is the program's own image, which stays loaded as long as it runs.
    IMAGE.get_or_init(|| unsafe { describe(GetModuleHandleW(std::ptr::null()).cast()) })
}

/// # Safety
/// An image of this machine's kind is loaded there, and stays.
unsafe fn describe(base: *const u8) -> Image {
    // SAFETY: an image begins with these headers, one of which says where the other is, and that is followed
    // by as many sections as it says.
    let (stamp, sections) = unsafe {
        let dos = &*base.cast::<IMAGE_DOS_HEADER>();
        let headers = base.add(dos.e_lfanew as usize).cast::<IMAGE_NT_HEADERS64>();
        let file = &(*headers).FileHeader;
        let optional = (&raw const (*headers).OptionalHeader).cast::<u8>();
        let first = optional.add(file.SizeOfOptionalHeader.into()).cast::<IMAGE_SECTION_HEADER>();
        (file.TimeDateStamp, std::slice::from_raw_parts(first, file.NumberOfSections.into()))
    };
    let place = |section: &IMAGE_SECTION_HEADER| {
        let start = base.expose_provenance() + section.VirtualAddress as usize;
        // SAFETY: either reading of the field is a number, and in an image that is loaded it is the size.
        start..start + unsafe { section.Misc.VirtualSize } as usize
    };
    let is_constant = |it: &&IMAGE_SECTION_HEADER| it.Characteristics & IMAGE_SCN_MEM_WRITE == 0;
    let constant = sections.iter().filter(is_constant);
    let code = constant.clone().filter(|it| it.Characteristics & IMAGE_SCN_MEM_EXECUTE != 0);
    let code = code.fold(0, |seed, section| {
        let Range { start, end } = place(section);
        // SAFETY: loaded code, which nobody writes to.
        hash(seed, unsafe {
            std::slice::from_raw_parts(std::ptr::with_exposed_provenance(start), end - start)
        })
    });
    Image {
        base: base.expose_provenance(),
        read_only: constant.map(place).collect(),
        build_id: format!("{stamp:08x}-{code:016x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::main;

    #[test]
    fn the_image_contains_its_own_constants_and_has_a_build_id() {
        static PROBE: &[u8] = b"somewhere in the read-only data";
        let image = main();
        let address = PROBE.as_ptr() as usize;
        assert!(image.read_only.iter().any(|part| part.contains(&address)));
        assert!(!image.build_id.is_empty());
    }
}
