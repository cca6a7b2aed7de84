//! One method of a managed type, and its counterpart in the proxy.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, Error, FnArg, Ident, ImplItemFn, Pat, Receiver, Result, ReturnType, Type,
    TypeReference,
};

/// A parameter besides the object.
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    /// As the method has it, and so the proxy.
    declared: Type,
    /// What the server has while the method runs.
    pub(crate) owned: TokenStream,
    by_reference: bool,
}

impl Parameter {
    /// How the server hands it to the method.
    pub(crate) fn passed(&self) -> TokenStream {
        let name = &self.name;
        if self.by_reference { quote!(&#name) } else { quote!(#name) }
    }
}

/// The method of the proxy that calls the method of the object.
pub(crate) fn expand(object: &Type, function: &ImplItemFn) -> Result<TokenStream> {
    check(function)?;
    let receiver = function.sig.receiver();
    let Some(Receiver { reference: Some(_), mutability, .. }) = receiver else {
        return Err(Error::new_spanned(
            receiver,
            "a method that takes the object away cannot be called through a proxy: take `&self` or \
             `&mut self`, or put it into another `impl` block",
        ));
    };
    let output = match &function.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, output) => match &**output {
            Type::Reference(reference) => {
                return Err(Error::new_spanned(
                    reference,
                    "a method that returns a reference cannot be called through a proxy: what it \
                     refers to is in another process",
                ));
            }
            output => output.to_token_stream(),
        },
    };
    let output = with_type(output, object);
    let parameters = parameters(function)?;
    let (name, visibility) = (&function.sig.ident, &function.vis);
    let told = function.attrs.iter().filter(|attribute| is_told(attribute));
    let names: Vec<_> = parameters.iter().map(|parameter| &parameter.name).collect();
    let declared = parameters.iter().map(|one| with_type(one.declared.to_token_stream(), object));
    let owned: Vec<_> = parameters.iter().map(|one| with_type(one.owned.clone(), object)).collect();
    let passed = parameters.iter().map(Parameter::passed);
    let generics = &function.sig.generics;
    let conditions = &generics.where_clause;
    Ok(quote! {
        #(#told)*
        ///
        /// # Errors
        /// Whatever keeps the call from its result: see `ipc::Proxy::call`.
        #visibility fn #name #generics(
            &self,
            #(#names: #declared),*
        ) -> ::core::result::Result<#output, ::ipc::ManagerError> #conditions {
            self.0.call_as::<_, (#(#owned,)*), _, false>(
                |__object: & #mutability #object, #(#names: #owned),*| -> #output {
                    <#object>::#name(__object, #(#passed),*)
                },
                (#(#names,)*),
            )
        }
    })
}

/// What neither a constructor nor a method can be.
pub(crate) fn check(function: &ImplItemFn) -> Result<()> {
    let signature = &function.sig;
    let types_or_constants = signature.generics.params.iter();
    if let Some(parameter) =
        types_or_constants.clone().find(|one| !matches!(one, syn::GenericParam::Lifetime(_)))
    {
        return Err(Error::new_spanned(
            parameter,
            "a generic method cannot be called through a proxy: put it into another `impl` block",
        ));
    }
    if let Some(asyncness) = &signature.asyncness {
        return Err(Error::new_spanned(
            asyncness,
            "an async method cannot be called through a proxy: nobody at the server would wait for it",
        ));
    }
    if let Some(unsafety) = &signature.unsafety {
        return Err(Error::new_spanned(
            unsafety,
            "an unsafe method cannot be called through a proxy: put it into another `impl` block",
        ));
    }
    Ok(())
}

pub(crate) fn parameters(function: &ImplItemFn) -> Result<Vec<Parameter>> {
    let typed = function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    });
    let parameter = |(index, typed): (usize, &syn::PatType)| {
        let name = match &*typed.pat {
            Pat::Ident(pattern) if pattern.subpat.is_none() => pattern.ident.clone(),
            _ => format_ident!("argument_{index}"),
        };
        let declared = (*typed.ty).clone();
        let (owned, by_reference) = match &declared {
            Type::Reference(reference) => (owned(reference)?, true),
            other => (other.to_token_stream(), false),
        };
        Ok(Parameter { name, declared, owned, by_reference })
    };
    typed.enumerate().map(parameter).collect()
}

/// What can be borrowed as the reference asks for.
fn owned(reference: &TypeReference) -> Result<TokenStream> {
    if reference.mutability.is_some() {
        return Err(Error::new_spanned(
            reference,
            "a method that changes an argument cannot be called through a proxy: return what it makes",
        ));
    }
    Ok(match &*reference.elem {
        Type::Slice(slice) => {
            let item = &slice.elem;
            quote!(::std::vec::Vec<#item>)
        }
        Type::Path(path) if path.path.is_ident("str") => quote!(::std::string::String),
        other => other.to_token_stream(),
    })
}

/// Whether an attribute of the method says something of the proxy's as well.
fn is_told(attribute: &Attribute) -> bool {
    ["doc", "cfg", "deprecated"].iter().any(|name| attribute.path().is_ident(name))
}

/// In the proxy's `impl` block `Self` would be the proxy.
fn with_type(tokens: TokenStream, object: &Type) -> TokenStream {
    let replaced = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(word) if word == "Self" => quote!(#object),
        TokenTree::Group(group) => {
            let inner = with_type(group.stream(), object);
            Group::new(group.delimiter(), inner).into_token_stream()
        }
        other => other.into(),
    });
    replaced.collect()
}
