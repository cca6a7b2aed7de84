//! `derive(ShmSafe)` and `derive(Zeroable)` for `sync-prims`, which says what they mean.

mod marker;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `sync_prims::ShmSafe` for a struct whose fields are all `ShmSafe`, and for an enum without data that takes one
/// byte.
#[proc_macro_derive(ShmSafe)]
pub fn derive_shm_safe(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    marker::shm_safe(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Derives `sync_prims::Zeroable` for a struct whose fields are all `Zeroable`.
#[proc_macro_derive(Zeroable)]
pub fn derive_zeroable(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    marker::zeroable(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
