//! The key that all processes of a program have.

use std::fmt;
use std::io;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::auth::{AuthKey, nonce};

/// The child of a fork has a copy.
static KEY: OnceLock<AuthKey> = OnceLock::new();

/// The key of this program: that of the parent process, handed over with the arguments, and nowhere to be seen in a
/// command line or an environment. If nobody has [set](set_authkey) one it is random. For a
/// [`Listener`](crate::Listener) or a [`Manager`](crate::Manager) that only processes of this program are to
/// connect to. [Python's `current_process().authkey`]
///
/// # Errors
/// The system has no random bytes.
///
/// # Examples
///
/// ```
/// use ipc::{Address, Listener};
///
/// let key = ipc::authkey()?;
/// let listener = Listener::bind(&Address::Tcp(([127, 0, 0, 1], 0).into()), &key)?;
/// assert!(!format!("{key:?} {listener:?}").contains(&format!("{:?}", &key[..])));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn authkey() -> io::Result<AuthKey> {
    if let Some(key) = KEY.get() {
        return Ok(key.clone());
    }
    let random = AuthKey::new(&nonce()?);
    Ok(KEY.get_or_init(|| random).clone())
}

/// Sets the key of this program. Its first process does so, before anything else needs the key: before it
/// starts another process.
///
/// # Errors
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if there is one already.
pub fn set_authkey(key: &[u8]) -> io::Result<()> {
    let there = "this program has an authkey already, and its processes may have it, too";
    KEY.set(AuthKey::new(key)).map_err(|_| io::Error::new(io::ErrorKind::AlreadyExists, there))
}

/// The key on its way to a child. For the crate that starts processes.
#[doc(hidden)]
#[derive(Serialize, Deserialize)]
pub struct InheritedKey(Vec<u8>);

impl InheritedKey {
    /// That of this process, from now on the same for all its children.
    ///
    /// # Errors
    /// As [`authkey`].
    pub fn from_here() -> io::Result<InheritedKey> {
        Ok(InheritedKey(authkey()?.to_vec()))
    }

    /// This process, a child, has it now.
    pub fn take_over(self) {
        // A fork has it already.
        let _ = KEY.set(AuthKey::new(&self.0));
    }
}

impl fmt::Debug for InheritedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InheritedKey(..)")
    }
}
