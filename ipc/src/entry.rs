//! Naming a function across two runs of one build.
//!
//! A code address says nothing to another process, and bytes from a peer must never become a jump.
//! So a function that another process is to call has a *descriptor*, a constant in the image:
//! {magic, type of the function pointer, who it belongs to, the pointer}. Its name is the descriptor's
//! offset in the image. Whoever resolves a name checks that the offset lies in memory that the
//! program cannot write to, that a descriptor is there, and that it is the one that was meant.
#![expect(unsafe_code, reason = "reads a descriptor at an offset it was told")]

use std::any::TypeId;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::sys::image;

/// A function that other processes of the program may name.
///
/// # Examples
///
/// ```
/// enum Double {}
/// impl ipc::entry::Entry for Double {
///     type Signature = fn(u32) -> u32;
///     const POINTER: fn(u32) -> u32 = |n| 2 * n;
/// }
///
/// let name = ipc::entry::name::<Double>()?;
/// let double = ipc::entry::resolve::<fn(u32) -> u32>(name)?;
/// assert_eq!(double(21), 42);
/// assert!(ipc::entry::resolve::<fn(u64) -> u64>(name).is_err());
/// # Ok::<(), ipc::entry::EntryError>(())
/// ```
pub trait Entry: 'static {
    /// The type of function pointer.
    type Signature: Copy + 'static;
    /// The function.
    const POINTER: Self::Signature;
}

/// Names an [`Entry`] to another process of the same build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EntryName {
    offset: u64,
    identity: u64,
}

/// A function cannot be named, or a name leads to no function.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EntryError {
    /// The function was compiled into a shared library, whose place another process cannot know.
    #[error(
        "the function lies in a shared library, not in the program itself: another process \
         cannot find it there; link the library statically"
    )]
    OtherImage,
    /// There is no such function in this program.
    #[error("no function of this program has that name")]
    Unknown,
}

const MAGIC: [u64; 2] = [0x9d1e_77a3_5b0c_42e6, 0x1f86_c3d4_aa59_e07b];

#[repr(C)]
struct Descriptor<S> {
    magic: [u64; 2],
    /// Of the function pointer's type.
    signature: fn() -> u64,
    /// Of the entry.
    identity: fn() -> u64,
    /// A function that gives the pointer: a constant may contain it whatever `S` is.
    pointer: fn() -> S,
}

struct Described<E>(E);

impl<E: Entry> Described<E> {
    const DESCRIPTOR: &'static Descriptor<E::Signature> = &Descriptor {
        magic: MAGIC,
        signature: hash_of::<E::Signature>,
        identity: hash_of::<E>,
        pointer: || E::POINTER,
    };
}

/// For what every descriptor has.
enum Any {}

impl Entry for Any {
    type Signature = fn();
    const POINTER: fn() = || {};
}

/// The magic number, as it stands in a descriptor. Written down here, it would become one more constant
/// of the image, and who names that would have what lies behind it called.
fn magic() -> [u64; 2] {
    // SAFETY: a reference. Volatile, so that the compiler does not put in what it knows to be there.
    unsafe { std::ptr::read_volatile(&raw const Described::<Any>::DESCRIPTOR.magic) }
}

fn hash_of<T: 'static>() -> u64 {
    let mut hasher = DefaultHasher::new();
    TypeId::of::<T>().hash(&mut hasher);
    hasher.finish()
}

/// The name of an entry.
///
/// # Errors
/// [`EntryError::OtherImage`].
pub fn name<E: Entry>() -> Result<EntryName, EntryError> {
    let image = image::main();
    let address = std::ptr::from_ref(Described::<E>::DESCRIPTOR).addr();
    if !image.read_only.iter().any(|part| part.contains(&address)) {
        return Err(EntryError::OtherImage);
    }
    Ok(EntryName { offset: (address - image.base) as u64, identity: hash_of::<E>() })
}

/// The function with that name.
///
/// # Errors
/// [`EntryError::Unknown`]: bytes that are no name of a function with this signature.
pub fn resolve<S: Copy + 'static>(name: EntryName) -> Result<S, EntryError> {
    let image = image::main();
    let address = usize::try_from(name.offset)
        .ok()
        .and_then(|offset| image.base.checked_add(offset))
        .ok_or(EntryError::Unknown)?;
    let end = address.checked_add(size_of::<Descriptor<S>>()).ok_or(EntryError::Unknown)?;
    let inside = image.read_only.iter().any(|part| part.start <= address && end <= part.end);
    if !inside || address % align_of::<Descriptor<S>>() != 0 {
        return Err(EntryError::Unknown);
    }
    let descriptor = address as *const Descriptor<()>;
    // SAFETY: sixteen bytes within a loaded part of the image that nothing writes to, aligned.
    if unsafe { (*descriptor).magic } != magic() {
        return Err(EntryError::Unknown);
    }
    // SAFETY: only descriptors carry the magic (see `magic`), and the two functions stand at the same place in
    // every descriptor, whatever its signature (repr(C)).
    let (signature, identity) = unsafe { ((*descriptor).signature, (*descriptor).identity) };
    if signature() != hash_of::<S>() || identity() != name.identity {
        return Err(EntryError::Unknown);
    }
    // SAFETY: the descriptor has just said that its pointer is of this type.
    let pointer = unsafe { (*descriptor.cast::<Descriptor<S>>()).pointer };
    Ok(pointer())
}

/// What tells this build of the program from any other: names lead to the same functions in all
/// processes of one build, and in no others.
pub fn build() -> &'static str {
    &image::main().build_id
}

#[cfg(test)]
mod tests {
    use super::{Entry, EntryError, EntryName, build, name, resolve};

    enum Answer {}

    impl Entry for Answer {
        type Signature = fn() -> u32;
        const POINTER: fn() -> u32 = || 42;
    }

    #[test]
    fn a_name_leads_to_its_function_and_to_no_other_signature() {
        let name = name::<Answer>().expect("in the program");
        assert_eq!(resolve::<fn() -> u32>(name).expect("known")(), 42);
        assert_eq!(resolve::<fn() -> u64>(name), Err(EntryError::Unknown));
    }

    #[test]
    fn an_offset_that_is_no_descriptor_is_unknown() {
        let good = name::<Answer>().expect("in the program");
        for offset in [0, 8, good.offset + 8, good.offset - 8, good.offset + 1, u64::MAX, 1 << 40] {
            let bad = EntryName { offset, ..good };
            assert_eq!(resolve::<fn() -> u32>(bad), Err(EntryError::Unknown), "{offset:#x}");
        }
        let other = EntryName { identity: good.identity ^ 1, ..good };
        assert_eq!(resolve::<fn() -> u32>(other), Err(EntryError::Unknown));
    }

    #[test]
    fn nothing_in_the_image_but_a_descriptor_is_taken_for_one() {
        let good = name::<Answer>().expect("in the program");
        let image = crate::sys::image::main();
        for part in &image.read_only {
            for address in part.clone().step_by(8) {
                let offset = (address - image.base) as u64;
                let found = resolve::<fn() -> u32>(EntryName { offset, ..good }).is_ok();
                assert_eq!(found, offset == good.offset, "{offset:#x}");
            }
        }
    }

    #[test]
    fn a_build_has_a_name() {
        assert!(!build().is_empty());
    }
}
