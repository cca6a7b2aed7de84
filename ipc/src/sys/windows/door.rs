//! Paths at which listeners are found.
//!
//! Nothing is in the file system. The path is a name of shared memory, which says at which port of this machine its
//! listener is, and a random key that both sides put before theirs: only who can open the memory, a process of the same
//! user and session, gets through. It goes with the listener, however that ends.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::names::{self, Segment, random};
use crate::sys::access;

/// The port and the key.
const PORT: usize = size_of::<u16>();
const SIZE: usize = PORT + size_of::<u128>();

/// A path that leads to a listener of this process, until dropped.
#[derive(Debug)]
pub(super) struct Door(#[expect(dead_code, reason = "held")] Segment);

impl Door {
    /// Lets the path lead to the port. Gives what both sides put before their key; `AddrInUse` if it leads to a
    /// listener already.
    pub(super) fn open(path: &Path, port: u16) -> io::Result<(Door, Vec<u8>)> {
        let draft =
            names::create(&name(path)?, SIZE as u64).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => io::ErrorKind::AddrInUse.into(),
                _ => error,
            })?;
        let key = random()?.to_le_bytes();
        access::write(draft.map(), &[&port.to_le_bytes()[..], &key].concat(), 0)?;
        Ok((Door(draft.publish()?), key.to_vec()))
    }
}

/// Where the path leads to, and what both sides put before their key; `NotFound` if nobody listens there.
pub(super) fn find(path: &Path) -> io::Result<(SocketAddr, Vec<u8>)> {
    let segment = names::attach(&name(path)?, None).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            io::Error::new(error.kind(), format!("nobody listens at {}", path.display()))
        }
        _ => error,
    })?;
    let mut bytes = [0; SIZE];
    access::read(segment.map(), &mut bytes, 0)?;
    let (port, key) = bytes.split_first_chunk::<PORT>().expect("it is longer");
    Ok(((Ipv4Addr::LOCALHOST, u16::from_le_bytes(*port)).into(), key.to_vec()))
}

/// What the memory is called. No memory of the user's is called so: its name would have a colon.
fn name(path: &Path) -> io::Result<String> {
    let invalid = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    if path.as_os_str().is_empty() {
        return Err(invalid("a listener's path is not empty"));
    }
    let path = std::path::absolute(path)?;
    let path = path.to_str().ok_or_else(|| invalid("a listener's path is Unicode"))?;
    // As the file system has it, paths that differ in nothing else are the same.
    Ok(format!("listener:{}", path.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::path::Path;
    use std::thread;

    use super::{find, random};
    use crate::{Address, Client, Listener};

    #[test]
    fn who_finds_the_port_and_not_the_path_does_not_get_through() {
        let path = format!("tandem-{:x}", random().expect("a number"));
        let path = Path::new(&path);
        let listener = Listener::bind(&Address::Unix(path.to_owned()), b"key").expect("a path");
        let (address, _) = find(path).expect("the listener's");
        let client =
            thread::spawn(move || Client::connect::<(), ()>(&Address::Tcp(address), b"key"));
        let refused = listener.accept::<(), ()>().expect_err("it knows half of the key");
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        assert!(client.join().expect("no panic").is_err());
    }
}
