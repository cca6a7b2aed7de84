//! What can lie in an object of the heap, and how a reference to it is made.
#![expect(unsafe_code, reason = "implementations are trusted with the layout of shared memory")]

use std::alloc::Layout;
use std::io;
use std::ptr::NonNull;

use sync_prims::ShmSafe;
use sync_prims::process::{Lock, RwLock};

use crate::handle::{self, Hold};
use crate::heap::{Contents, Kind, Owner, Role, Size, damaged};
use crate::program::Program;

/// Types that [`Shared`](crate::Shared) and an owned value can hold: `T`, `[T]`,
/// `Lock<[T]>` and `RwLock<[T]>`, for any `T` that is [`ShmSafe`]. Nobody else can implement it.
///
/// # Safety
/// `layout` is the memory of a value of `len` elements, `at` a pointer to one at that address.
pub unsafe trait Place: sealed::Sealed + 'static {
    /// One element: what `len` counts.
    #[doc(hidden)]
    type Element: ShmSafe;
    #[doc(hidden)]
    fn layout(len: usize) -> Option<Layout>;
    #[doc(hidden)]
    fn at(address: *mut u8, len: usize) -> *mut Self;
}

mod sealed {
    pub trait Sealed {}
}

impl<T: ShmSafe> sealed::Sealed for T {}
impl<T: ShmSafe> sealed::Sealed for [T] {}
impl<T: ShmSafe> sealed::Sealed for Lock<[T]> {}
impl<T: ShmSafe> sealed::Sealed for RwLock<[T]> {}

// SAFETY: a T, whatever `len` says.
unsafe impl<T: ShmSafe> Place for T {
    type Element = T;

    fn layout(_len: usize) -> Option<Layout> {
        Some(Layout::new::<T>())
    }

    fn at(address: *mut u8, _len: usize) -> *mut T {
        address.cast()
    }
}

// SAFETY: `len` values of T, one after the other.
unsafe impl<T: ShmSafe> Place for [T] {
    type Element = T;

    fn layout(len: usize) -> Option<Layout> {
        Layout::array::<T>(len).ok()
    }

    fn at(address: *mut u8, len: usize) -> *mut [T] {
        std::ptr::slice_from_raw_parts_mut(address.cast(), len)
    }
}

// SAFETY: layout and pointer are the lock's own.
unsafe impl<T: ShmSafe> Place for Lock<[T]> {
    type Element = T;

    fn layout(len: usize) -> Option<Layout> {
        Some(Lock::<[T]>::slice_layout(len).ok()?.0)
    }

    fn at(address: *mut u8, len: usize) -> *mut Lock<[T]> {
        Lock::<[T]>::slice_at(address, len)
    }
}

// SAFETY: layout and pointer are the lock's own.
unsafe impl<T: ShmSafe> Place for RwLock<[T]> {
    type Element = T;

    fn layout(len: usize) -> Option<Layout> {
        Some(RwLock::<[T]>::slice_layout(len).ok()?.0)
    }

    fn at(address: *mut u8, len: usize) -> *mut RwLock<[T]> {
        RwLock::<[T]>::slice_at(address, len)
    }
}

/// A new object for a value of `len` elements. Its bytes are zero if `zeroed` asks for it, else
/// whatever was there before.
pub(crate) fn allocate<T: Place + ?Sized>(len: usize, zeroed: bool) -> io::Result<Hold> {
    const { assert!(!std::mem::needs_drop::<T::Element>(), "values in shared memory are never dropped") };
    const { assert!(align_of::<T::Element>() <= 4096, "shared memory is aligned to 4096 bytes at most") };
    let program = Program::current()?;
    let Program { heap, me, .. } = program;
    let too_large = || io::Error::new(io::ErrorKind::OutOfMemory, "the value is too large");
    let layout = T::layout(len).ok_or_else(too_large)?;
    let size = Size::of(layout).ok_or_else(too_large)?;
    let contents =
        Contents { kind: Kind::Value, fingerprint: fingerprint::<T>(), length: len as u64 };
    let new = heap.allocate(size, contents, Owner::Process(*me), Role::Plain, *me)?;
    let hold = Hold::new(program, new.hold, new.object);
    if zeroed && !new.zeroed {
        let start = address::<T>(&hold)?;
        // SAFETY: the whole value, in a block that only this process knows yet.
        unsafe { start.cast::<u8>().write_bytes(0, layout.size()) };
    }
    Ok(hold)
}

/// Where the value of `hold`'s object lies. The length that the object tells is checked against the
/// object's block.
pub(crate) fn address<T: Place + ?Sized>(hold: &Hold) -> io::Result<NonNull<T>> {
    let heap = &hold.program().heap;
    let len = usize::try_from(heap.length(hold.object())).map_err(|_| damaged())?;
    let layout = T::layout(len).ok_or_else(damaged)?;
    let block = heap.block(hold.object(), layout.align())?;
    if layout.size() as u64 > block.size {
        return Err(damaged());
    }
    NonNull::new(T::at(block.start.as_ptr(), len)).ok_or_else(damaged)
}

enum Tag {}

/// Tells apart what lies in objects; two types agree only if they are the same.
pub(crate) fn fingerprint<T: Place + ?Sized>() -> u64 {
    handle::fingerprint::<Tag, T>((size_of::<T::Element>(), align_of::<T::Element>()))
}
