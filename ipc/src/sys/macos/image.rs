//! Where the program's own image lies, and which build it is.
#![expect(unsafe_code, reason = "reads the load commands of the image")]

use std::ops::Range;
use std::slice;
use std::sync::OnceLock;

use crate::sys::fnv::hash;

/// One loaded Mach-O image, the program's own.
#[derive(Debug)]
pub(crate) struct Image {
    /// Address that file addresses are relative to.
    pub(crate) base: usize,
    /// The loaded parts that the program cannot write to once it runs.
    pub(crate) read_only: Vec<Range<usize>>,
    /// The linker's `LC_UUID`, or a hash of the code where the linker left none.
    pub(crate) build_id: String,
}

/// Of `mach-o/loader.h`, which says the same for all machines of 64 bits.
#[repr(C)]
struct Header {
    magic: u32,
    processor: [u32; 2],
    kind: u32,
    commands: u32,
    commands_len: u32,
    flags: u32,
    reserved: u32,
}

#[repr(C)]
struct Segment {
    command: [u32; 2],
    name: [u8; 16],
    address: u64,
    len: u64,
    in_file: [u64; 2],
    most: i32,
    protection: i32,
    sections: u32,
    flags: u32,
}

// Of `mach-o/dyld.h`.
unsafe extern "C" {
    safe fn _dyld_image_count() -> u32;
    safe fn _dyld_get_image_header(number: u32) -> *const Header;
    safe fn _dyld_get_image_vmaddr_slide(number: u32) -> isize;
}

const LC_SEGMENT_64: u32 = 0x19;
const MH_EXECUTE: u32 = 2;
const LC_UUID: u32 = 0x1b;
/// The loader makes the segment read-only when it has filled it in.
const SG_READ_ONLY: u32 = 0x10;

/// The image of the running program.
pub(crate) fn main() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let found = (0.._dyld_image_count()).find_map(|number| {
            let header = _dyld_get_image_header(number);
            // SAFETY: null, or the header of an image. The program's own comes first, and is not unloaded.
            let is_program = unsafe { header.as_ref() }?.kind == MH_EXECUTE;
            // SAFETY: that image stays as long as the program runs.
            is_program.then(|| unsafe { describe(header, _dyld_get_image_vmaddr_slide(number)) })
        });
        found.expect("a running program has at least its own image")
    })
}

/// # Safety
/// An image is loaded there that far from where its file says, and stays.
unsafe fn describe(header: *const Header, slide: isize) -> Image {
    // SAFETY: the caller's promise. The commands follow the header, and are as long as it says.
    let mut commands = unsafe {
        let len = (*header).commands_len as usize;
        slice::from_raw_parts(header.add(1).cast::<u8>(), len)
    };
    let (mut read_only, mut code, mut uuid) = (Vec::new(), None, None);
    while let Some((kind, command, rest)) = next(commands) {
        match kind {
            LC_SEGMENT_64 if command.len() >= size_of::<Segment>() => {
                // SAFETY: as long as that; any bits are one.
                let segment = unsafe { command.as_ptr().cast::<Segment>().read_unaligned() };
                let start = (segment.address as usize).wrapping_add_signed(slide);
                let place = start..start.wrapping_add(segment.len as usize);
                let may = |what| segment.protection & what != 0;
                let becomes_read_only = segment.flags & SG_READ_ONLY != 0;
                if may(libc::VM_PROT_EXECUTE) {
                    code = code.or(Some(place.clone()));
                }
                if may(libc::VM_PROT_READ) && (!may(libc::VM_PROT_WRITE) || becomes_read_only) {
                    read_only.push(place);
                }
            }
            LC_UUID => uuid = command.get(8..24),
            _ => {}
        }
        commands = rest;
    }
    let build_id = uuid.map_or_else(
        || {
            let code = code.unwrap_or_default();
            // SAFETY: a segment with code that the loader mapped for as long as the program runs.
            let code = unsafe { slice::from_raw_parts(code.start as *const u8, code.len()) };
            format!("code-{:016x}", hash(0, code))
        },
        |uuid| uuid.iter().map(|byte| format!("{byte:02x}")).collect(),
    );
    Image { base: header.addr(), read_only, build_id }
}

/// The first of some load commands, whole, with its kind, and those that follow. Each begins with its kind and its length.
fn next(commands: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (kind, rest) = commands.split_first_chunk()?;
    let (len, _) = rest.split_first_chunk()?;
    let len = u32::from_ne_bytes(*len) as usize;
    if len < 8 {
        return None;
    }
    let (command, rest) = commands.split_at_checked(len)?;
    Some((u32::from_ne_bytes(*kind), command, rest))
}

#[cfg(test)]
mod tests {
    use super::{main, next};

    #[test]
    fn the_image_contains_its_own_constants_and_has_a_build_id() {
        static PROBE: &[u8] = b"somewhere in the read-only data";
        let image = main();
        let address = PROBE.as_ptr() as usize;
        assert!(image.read_only.iter().any(|part| part.contains(&address)));
        assert!(!image.build_id.is_empty());
    }

    #[test]
    fn a_truncated_command_is_none() {
        assert_eq!(next(&[27, 0, 0, 0, 24, 0, 0, 0, 1]), None);
        assert_eq!(next(&[27, 0, 0, 0, 0, 0, 0, 0, 1]), None);
    }
}
