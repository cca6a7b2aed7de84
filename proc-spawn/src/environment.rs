//! The environment of a child that did not begin with its own.
#![expect(unsafe_code, reason = "the environment is changed while there is one thread")]

use std::collections::HashMap;
use std::env;
use std::ffi::OsString;

/// Makes this the environment of this process, which has one thread.
pub(crate) fn set(environment: Vec<(OsString, OsString)>) {
    let now: HashMap<_, _> = env::vars_os().collect();
    let wanted: HashMap<_, _> = environment.into_iter().collect();
    for name in now.keys().filter(|name| !wanted.contains_key(*name)) {
        // SAFETY: no other thread reads the environment.
        unsafe { env::remove_var(name) };
    }
    for (name, value) in wanted.iter().filter(|(name, value)| now.get(*name) != Some(value)) {
        // SAFETY: as above.
        unsafe { env::set_var(name, value) };
    }
}
