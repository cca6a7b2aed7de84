//! The two derives: each checks the shape of a type and leaves its fields to the compiler.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DeriveInput, Error, Fields, Path, Result, parse_quote};

/// `derive(ShmSafe)`.
pub(crate) fn shm_safe(input: &DeriveInput) -> Result<TokenStream> {
    let reprs = reprs(input)?;
    let has = |name: &str| reprs.iter().any(|repr| repr == name);
    match &input.data {
        Data::Struct(data) => {
            let marker = marker(input, &data.fields, &parse_quote!(::sync_prims::ShmSafe));
            let never_dropped = never_dropped(input);
            Ok(quote!(#marker #never_dropped))
        }
        Data::Enum(data) => {
            let one_byte = check_enum(input, data, has("u8") || has("i8"))?;
            let marker = marker(input, &Fields::Unit, &parse_quote!(::sync_prims::ShmSafe));
            let never_dropped = never_dropped(input);
            Ok(quote!(#marker #never_dropped #one_byte))
        }
        Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            "a union cannot be ShmSafe: nothing says which of its fields is valid",
        )),
    }
}

/// `derive(Zeroable)`.
pub(crate) fn zeroable(input: &DeriveInput) -> Result<TokenStream> {
    match &input.data {
        Data::Struct(data) => {
            Ok(marker(input, &data.fields, &parse_quote!(::sync_prims::Zeroable)))
        }
        Data::Enum(_) | Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            "only a struct can be Zeroable: an enum need not have a variant at zero",
        )),
    }
}

/// Makes data an error, and has the compiler check what it chooses if it was not told to take one byte.
fn check_enum(input: &DeriveInput, data: &DataEnum, is_one_byte: bool) -> Result<TokenStream> {
    for variant in &data.variants {
        if !variant.fields.is_empty() {
            return Err(Error::new_spanned(
                variant,
                "an enum with data cannot be ShmSafe: a writer that dies in mid-copy would leave \
                 one variant's tag with another's data",
            ));
        }
    }
    let name = &input.ident;
    let why = "an enum in shared memory needs #[repr(u8)] or #[repr(i8)]: one byte cannot be half written";
    if is_one_byte {
        Ok(TokenStream::new())
    } else if input.generics.params.is_empty() {
        Ok(quote!(
            const _: () = ::core::assert!(::core::mem::size_of::<#name>() <= 1, #why);
        ))
    } else {
        Err(Error::new_spanned(name, why))
    }
}

/// `unsafe impl Marker for Type where every field: Marker`.
fn marker(input: &DeriveInput, fields: &Fields, marker: &Path) -> TokenStream {
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let given = where_clause.map(|clause| clause.predicates.iter()).into_iter().flatten();
    let fields = fields.iter().map(|field| {
        let of = &field.ty;
        quote_spanned!(of.span()=> #of: #marker)
    });
    let parameters = input.generics.type_params().map(|parameter| {
        let parameter = &parameter.ident;
        quote!(#parameter: #marker)
    });
    quote! {
        #[automatically_derived]
        #[allow(unsafe_code, clippy::undocumented_unsafe_blocks, reason = "derived and checked")]
        // SAFETY: the derive has checked the shape, and the compiler checks every field.
        unsafe impl #impl_generics #marker for #name #type_generics
        where
            #(#given,)*
            #(#parameters,)*
            #(#fields,)*
        {}
    }
}

/// Makes a `Drop` impl of the type an error: of the two impls of one trait, the first covers
/// every type with `Drop`, the second this type, and they overlap only if it has it.
fn never_dropped(input: &DeriveInput) -> TokenStream {
    let name = &input.ident;
    let witness = format_ident!("ValuesInSharedMemoryAreNeverDropped");
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    quote! {
        const _: () = {
            trait #witness {}
            #[allow(drop_bounds, reason = "exactly the types that implement Drop are meant")]
            impl<T: ::core::ops::Drop + ?::core::marker::Sized> #witness for T {}
            impl #impl_generics #witness for #name #type_generics #where_clause {}
        };
    }
}

/// What stands in the `#[repr(…)]` attributes.
fn reprs(input: &DeriveInput) -> Result<Vec<String>> {
    let mut reprs = Vec::new();
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("repr")) {
        attribute.parse_nested_meta(|meta| {
            if let Some(name) = meta.path.get_ident() {
                reprs.push(name.to_string());
            }
            if meta.input.peek(syn::token::Paren) {
                let content;
                syn::parenthesized!(content in meta.input);
                content.parse::<TokenStream>()?;
            }
            Ok(())
        })?;
    }
    if reprs.iter().any(|repr| repr == "packed") {
        return Err(Error::new_spanned(
            &input.ident,
            "a packed struct cannot be ShmSafe: its primitives would be misaligned",
        ));
    }
    Ok(reprs)
}
