//! What the server knows to run no code of the user's.

use std::any::TypeId;
use std::time::Duration;

/// Whether a `T` is of a type whose `Clone`, `Eq`, `Hash`, `Drop` and serde code is std's or serde's own. What is
/// done with one neither waits for anything nor asks the server, and takes no longer than its size lets expect. Of
/// other types that is not known: what is done with theirs keeps nobody waiting, at the cost of a change of threads.
pub(super) fn is_plain<T: 'static>() -> bool {
    let this = TypeId::of::<T>();
    macro_rules! is_one_of {
        ($($plain:ty),*) => {
            $(this == TypeId::of::<$plain>()
                || this == TypeId::of::<Option<$plain>>()
                || this == TypeId::of::<Vec<$plain>>())||*
        };
    }
    // Written out: a generic type does not tell what it is made of.
    is_one_of!(
        u8,
        u16,
        u32,
        u64,
        u128,
        usize,
        i8,
        i16,
        i32,
        i64,
        i128,
        isize,
        f32,
        f64,
        bool,
        char,
        (),
        String,
        Vec<u8>,
        Duration,
        (u32, u32),
        (u64, u64),
        (i32, i32),
        (i64, i64),
        (usize, usize),
        (f64, f64),
        (String, String)
    )
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn a_type_is_plain_if_all_that_it_is_made_of_is() {
        struct Mine;
        assert!(is_plain::<String>() && is_plain::<Vec<String>>() && is_plain::<Option<u64>>());
        assert!(!is_plain::<Mine>() && !is_plain::<Vec<Mine>>() && !is_plain::<(String, Mine)>());
    }
}
