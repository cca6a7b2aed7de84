//! Copies out of and into memory that other processes, which we cannot reason about, may write to
//! at the same time.
//!
//! A reference or a plain copy would promise the compiler that nobody does. Both bodies are, to the
//! rest of the program, one relaxed atomic access for each byte in no particular order: what is read
//! while somebody writes is any mix of old and new bytes, and nothing else happens.
#![expect(unsafe_code, reason = "raw memory, shared with whoever has mapped it")]

/// Fills `to` from shared memory.
///
/// # Safety
/// `to.len()` bytes from `from` on are mapped, and no reference of this process that excludes them
/// exists.
pub(crate) unsafe fn read(from: *const u8, to: &mut [u8]) {
    // SAFETY: the shared side is the caller's promise, the other is a slice of that length.
    unsafe { body::read(from, to.as_mut_ptr(), to.len()) }
}

/// Writes `from` to shared memory.
///
/// # Safety
/// `from.len()` bytes from `to` on are mapped and writable, and this process has no reference to them.
pub(crate) unsafe fn write(from: &[u8], to: *mut u8) {
    // SAFETY: the shared side is the caller's promise, the other is a slice of that length.
    unsafe { body::write(from.as_ptr(), to, from.len()) }
}

#[cfg(target_arch = "x86_64")]
use string_move as body;

#[cfg(not(target_arch = "x86_64"))]
use bytewise as body;

/// One instruction that the compiler cannot see into. As fast as a plain copy from a few KiB on.
#[cfg(target_arch = "x86_64")]
mod string_move {
    pub(super) unsafe fn read(from: *const u8, to: *mut u8, len: usize) {
        // SAFETY: reads and writes `len` bytes at the two places, as the callers allow. The direction
        // flag is clear at the start of an `asm!` block, and the flags are not changed.
        unsafe {
            core::arch::asm!(
                "rep movsb",
                inout("rcx") len => _,
                inout("rsi") from => _,
                inout("rdi") to => _,
                options(nostack, preserves_flags),
            );
        }
    }

    /// The instruction does not care which side is the shared one.
    pub(super) use read as write;
}

/// The same in words that every machine understands, at a byte a step.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod bytewise {
    use std::sync::atomic::{AtomicU8, Ordering};

    pub(super) unsafe fn read(from: *const u8, to: *mut u8, len: usize) {
        for index in 0..len {
            // SAFETY: within the range that the caller promised is mapped and that only atomics touch.
            let byte = unsafe { AtomicU8::from_ptr(from.add(index).cast_mut()) };
            // SAFETY: within the private side, which is as long.
            unsafe { to.add(index).write(byte.load(Ordering::Relaxed)) };
        }
    }

    pub(super) unsafe fn write(from: *const u8, to: *mut u8, len: usize) {
        for index in 0..len {
            // SAFETY: within the range that the caller promised is mapped and that only atomics touch.
            let byte = unsafe { AtomicU8::from_ptr(to.add(index)) };
            // SAFETY: within the private side, which is as long.
            byte.store(unsafe { from.add(index).read() }, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{body, bytewise};

    type Copy = unsafe fn(*const u8, *mut u8, usize);

    #[test]
    fn every_body_copies_what_it_was_told_and_no_more() {
        let bodies: [Copy; 4] = [body::read, body::write, bytewise::read, bytewise::write];
        for (copy, len) in bodies.iter().flat_map(|copy| [0, 1, 7, 8, 63, 4097].map(|n| (copy, n)))
        {
            let from: Vec<u8> = (0..len + 1).map(|n| n as u8 ^ 0x5a).collect();
            let mut to = vec![0xee; len + 2];
            // SAFETY: both are longer than `len`, and nobody else has them.
            unsafe { copy(from.as_ptr(), to.as_mut_ptr().add(1), len) };
            assert_eq!(to[1..=len], from[..len]);
            assert_eq!((to[0], to[len + 1]), (0xee, 0xee));
        }
    }
}
