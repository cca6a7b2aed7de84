//! What a child finds on its line to the process that started it.

use serde::{Deserialize, Serialize};

/// Begins every greeting, so that a descriptor that happens to be there is not taken for ours.
pub(crate) const MAGIC: [u8; 16] = *b"\x7ftandem-greeting";

#[derive(Serialize, Deserialize)]
pub(crate) struct Greeting<'a> {
    pub(crate) build: &'a str,
    pub(crate) place: u32,
    pub(crate) parent: u32,
    pub(crate) parent_pid: u32,
    pub(crate) parent_name: &'a str,
    pub(crate) name: &'a str,
    pub(crate) daemon: bool,
    /// The hold on the parcel with the arguments, which the place in the table has.
    pub(crate) arguments: (u32, u32),
}

impl<'a> Greeting<'a> {
    pub(crate) fn encode(&self) -> postcard::Result<Vec<u8>> {
        postcard::to_extend(self, MAGIC.to_vec())
    }

    /// The opposite, for bytes that may be anything. What it says is checked where it is used.
    pub(crate) fn decode(bytes: &'a [u8]) -> postcard::Result<Greeting<'a>> {
        postcard::from_bytes(bytes.strip_prefix(&MAGIC).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Greeting, MAGIC};

    proptest! {
        #[test]
        fn any_bytes_are_a_greeting_or_none(magic in any::<bool>(), bytes in vec(any::<u8>(), 0..200)) {
            let begin = if magic { &MAGIC[..] } else { &[] };
            let greeting = [begin, &bytes].concat();
            if let Ok(greeting) = Greeting::decode(&greeting) {
                assert!(magic && greeting.name.len() + greeting.build.len() < bytes.len());
            }
        }

        #[test]
        fn a_greeting_of_which_something_is_missing_is_none(
            build in ".{0,40}",
            name in ".{0,40}",
            place in any::<u32>(),
            cut in 1..200usize,
        ) {
            let greeting = Greeting {
                build: &build,
                place,
                parent: place,
                parent_pid: 7,
                parent_name: "",
                name: &name,
                daemon: true,
                arguments: (place, 1),
            };
            let bytes = greeting.encode().unwrap();
            prop_assert_eq!(Greeting::decode(&bytes).unwrap().name, &name);
            let cut = bytes.len().saturating_sub(cut);
            assert!(Greeting::decode(&bytes[..cut]).is_err());
        }
    }
}
