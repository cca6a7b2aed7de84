//! Telling two builds apart that bear no number.

/// FNV-1a over words: only has to tell two builds apart, not to withstand an attacker.
pub(in crate::sys) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (hash ^ u64::from_ne_bytes(word)).wrapping_mul(0x0100_0000_01b3)
    })
}
