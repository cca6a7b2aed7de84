//! Proof of a shared key, in both directions, without showing it.
//!
//! ```text
//! listener → client   magic (8) | listener's nonce (32)
//! client → listener   magic (8) | client's nonce (32) | HMAC(key, "client" | both nonces)
//! listener → client   accepted (1) | HMAC(key, "listener" | both nonces), or refused (1)
//! ```
//!
//! The nonces are new in every handshake, so no proof can be replayed. The role is in the proof, so none
//! can be reflected: nobody's own proof is the one that is asked of the other. The client goes first, so a
//! listener gives nothing made with the key to those who do not know it. Every message has a fixed size.
//! What follows is neither encrypted nor signed: over a network that others can write to, use a tunnel.

use std::fmt;
use std::io;
use std::ops::Deref;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::sys::names::random;

/// The version is part of it.
const MAGIC: [u8; 8] = *b"tandem/1";
const NONCE: usize = 32;
const PROOF: usize = 32;

pub(crate) const CHALLENGE: usize = MAGIC.len() + NONCE;
pub(crate) const ANSWER: usize = MAGIC.len() + NONCE + PROOF;
pub(crate) const VERDICT: usize = 1 + PROOF;

const ACCEPTED: u8 = 1;

/// A message of a listener that does not accept the client's proof. The rest of it says nothing.
pub(crate) const REFUSED: [u8; VERDICT] = [0; VERDICT];

pub(crate) type Nonce = [u8; NONCE];

/// A key that two programs share: read as bytes it is what [`Listener::bind`](crate::Listener::bind) and the
/// like take. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthKey(Vec<u8>);

impl Deref for AuthKey {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthKey(..)")
    }
}

/// Whose proof it is.
#[derive(Clone, Copy)]
enum Role {
    Client,
    Listener,
}

impl AuthKey {
    pub(crate) fn new(key: &[u8]) -> AuthKey {
        AuthKey(key.to_vec())
    }

    fn mac(&self, role: Role, listener: &Nonce, client: &Nonce) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key may have any length");
        // Of one length, so that no two inputs read the same.
        mac.update(match role {
            Role::Client => b"tandem client   ",
            Role::Listener => b"tandem listener ",
        });
        mac.update(listener);
        mac.update(client);
        mac
    }

    fn prove(&self, role: Role, listener: &Nonce, client: &Nonce) -> [u8; PROOF] {
        self.mac(role, listener, client).finalize().into_bytes().into()
    }

    /// In constant time.
    fn check(&self, role: Role, listener: &Nonce, client: &Nonce, proof: &[u8]) -> bool {
        self.mac(role, listener, client).verify_slice(proof).is_ok()
    }
}

/// Bytes that nobody could foresee.
pub(crate) fn nonce() -> io::Result<Nonce> {
    let mut nonce = [0; NONCE];
    for half in nonce.chunks_mut(NONCE / 2) {
        half.copy_from_slice(&random()?.to_ne_bytes());
    }
    Ok(nonce)
}

/// What a listener says first.
pub(crate) fn challenge(listener: &Nonce) -> [u8; CHALLENGE] {
    let mut challenge = [0; CHALLENGE];
    challenge[..MAGIC.len()].copy_from_slice(&MAGIC);
    challenge[MAGIC.len()..].copy_from_slice(listener);
    challenge
}

/// Whether the beginning of an answer can become one.
pub(crate) fn may_be_answer(beginning: &[u8]) -> bool {
    beginning.iter().zip(MAGIC).all(|(come, meant)| *come == meant)
}

/// A client's answer to a challenge. `None` if that is none.
pub(crate) fn answer(
    key: &AuthKey,
    challenge: &[u8; CHALLENGE],
    client: &Nonce,
) -> Option<[u8; ANSWER]> {
    let listener: &Nonce = challenge.strip_prefix(&MAGIC)?.try_into().ok()?;
    let mut answer = [0; ANSWER];
    let (magic, rest) = answer.split_at_mut(MAGIC.len());
    let (nonce, proof) = rest.split_at_mut(NONCE);
    magic.copy_from_slice(&MAGIC);
    nonce.copy_from_slice(client);
    proof.copy_from_slice(&key.prove(Role::Client, listener, client));
    Some(answer)
}

/// A listener's verdict on an answer: what to say if it is accepted.
pub(crate) fn verdict(
    key: &AuthKey,
    listener: &Nonce,
    answer: &[u8; ANSWER],
) -> Option<[u8; VERDICT]> {
    let (client, proof) = answer.strip_prefix(&MAGIC)?.split_at(NONCE);
    let client: &Nonce = client.try_into().ok()?;
    if !key.check(Role::Client, listener, client, proof) {
        return None;
    }
    let mut verdict = [ACCEPTED; VERDICT];
    verdict[1..].copy_from_slice(&key.prove(Role::Listener, listener, client));
    Some(verdict)
}

/// Whether a verdict says that the client is accepted, by somebody who knows the key.
pub(crate) fn is_accepted(
    key: &AuthKey,
    challenge: &[u8; CHALLENGE],
    client: &Nonce,
    verdict: &[u8; VERDICT],
) -> bool {
    let (said, proof) = verdict.split_at(1);
    let listener = challenge.strip_prefix(&MAGIC).and_then(|nonce| nonce.try_into().ok());
    let Some(listener) = listener else { return false };
    said == [ACCEPTED] && key.check(Role::Listener, listener, client, proof)
}

#[cfg(test)]
mod tests {
    use super::{ANSWER, AuthKey, answer, challenge, is_accepted, nonce, verdict};

    #[test]
    fn two_with_one_key_accept_each_other_and_nobody_else() {
        let (key, other) = (AuthKey::new(b"key"), AuthKey::new(b"kez"));
        let (ours, theirs) = (nonce().unwrap(), nonce().unwrap());
        let asked = challenge(&ours);
        let answered = answer(&key, &asked, &theirs).unwrap();
        let said = verdict(&key, &ours, &answered).unwrap();
        assert!(is_accepted(&key, &asked, &theirs, &said));
        assert!(!is_accepted(&other, &asked, &theirs, &said));
        assert!(verdict(&other, &ours, &answered).is_none());
    }

    #[test]
    fn a_proof_is_good_for_one_handshake_and_one_role() {
        let key = AuthKey::new(b"key");
        let (ours, theirs) = (nonce().unwrap(), nonce().unwrap());
        let asked = challenge(&ours);
        let answered = answer(&key, &asked, &theirs).unwrap();
        // Replayed to a later challenge.
        assert!(verdict(&key, &nonce().unwrap(), &answered).is_none());
        // Reflected: a listener's own proof in place of the client's, and the other way round.
        let said = verdict(&key, &ours, &answered).unwrap();
        let mut reflected = answered;
        reflected[ANSWER - 32..].copy_from_slice(&said[1..]);
        assert!(verdict(&key, &ours, &reflected).is_none());
        let mut reflected = said;
        reflected[1..].copy_from_slice(&answered[ANSWER - 32..]);
        assert!(!is_accepted(&key, &asked, &theirs, &reflected));
    }

    #[test]
    fn every_bit_of_a_handshake_counts() {
        let key = AuthKey::new(b"key");
        let (ours, theirs) = (nonce().unwrap(), nonce().unwrap());
        let asked = challenge(&ours);
        let answered = answer(&key, &asked, &theirs).unwrap();
        for bit in 0..8 * ANSWER {
            let mut damaged = answered;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(verdict(&key, &ours, &damaged).is_none(), "bit {bit}");
        }
        let said = verdict(&key, &ours, &answered).unwrap();
        for bit in 0..8 * said.len() {
            let mut damaged = said;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_accepted(&key, &asked, &theirs, &damaged), "bit {bit}");
        }
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", AuthKey::new(b"secret")), "AuthKey(..)");
    }
}
