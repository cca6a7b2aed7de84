//! How `#[managed]` reads an `impl` block and what it adds to it.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Error, FnArg, GenericParam, Ident, ImplItem, ImplItemFn, ItemImpl, PathArguments, Result,
    ReturnType, Type,
};

use crate::method::{self, Parameter};

/// The block as it is, and the proxy; or an error at the place of the mistake.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let block = match syn::parse2::<ItemImpl>(item.clone()) {
        Ok(block) => block,
        Err(error) => {
            let error = Error::new(error.span(), "`#[ipc::managed]` belongs on an `impl` block");
            let error = error.into_compile_error();
            return quote!(#error #item);
        }
    };
    match proxy(&arguments, &block) {
        Ok(proxy) => quote!(#block #proxy),
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#block #error)
        }
    }
}

fn proxy(arguments: &TokenStream, block: &ItemImpl) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new_spanned(arguments, "`#[ipc::managed]` takes no arguments"));
    }
    if let Some((_, of, _)) = &block.trait_ {
        return Err(Error::new_spanned(
            of,
            "`#[ipc::managed]` belongs on the `impl` block of a type's own methods",
        ));
    }
    let object = &*block.self_ty;
    let name = name_of(object)?;
    let proxy = format_ident!("{name}Proxy");
    let functions = || {
        block.items.iter().filter_map(|item| match item {
            ImplItem::Fn(function) => Some(function),
            _ => None,
        })
    };
    let constructor =
        functions().find(|function| function.sig.ident == "new" && !takes_self(function));
    let creation = creation(object, constructor)?;
    let methods = functions()
        .filter(|function| takes_self(function))
        .map(|function| method::expand(object, function))
        .collect::<Result<Vec<_>>>()?;

    let (impl_generics, type_generics, conditions) = block.generics.split_for_impl();
    let parameters = block.generics.params.iter().map(|parameter| match parameter {
        GenericParam::Type(one) => {
            let (name, bounds) = (&one.ident, &one.bounds);
            quote!(#name: #bounds)
        }
        other => quote!(#other),
    });
    let doc = format!(
        "A proxy of a [`{name}`], with its methods. When the server is gone, every call is `Gone`."
    );
    Ok(quote! {
        #[doc = #doc]
        #[derive(::ipc::__private::serde::Serialize, ::ipc::__private::serde::Deserialize)]
        #[serde(crate = "::ipc::__private::serde", transparent, bound(serialize = "", deserialize = ""))]
        #[allow(unreachable_pub, dead_code, reason = "how visible the type is cannot be seen from here")]
        pub struct #proxy<#(#parameters),*>(::ipc::Proxy<#object>) #conditions;

        #[automatically_derived]
        impl #impl_generics ::core::clone::Clone for #proxy #type_generics #conditions {
            fn clone(&self) -> Self {
                #proxy(::core::clone::Clone::clone(&self.0))
            }
        }

        #[automatically_derived]
        impl #impl_generics ::core::fmt::Debug for #proxy #type_generics #conditions {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, f)
            }
        }

        #[automatically_derived]
        impl #impl_generics ::core::convert::From<::ipc::Proxy<#object>> for #proxy #type_generics #conditions {
            fn from(proxy: ::ipc::Proxy<#object>) -> Self {
                #proxy(proxy)
            }
        }

        #[automatically_derived]
        impl #impl_generics ::core::convert::AsRef<::ipc::Proxy<#object>> for #proxy #type_generics #conditions {
            fn as_ref(&self) -> &::ipc::Proxy<#object> {
                &self.0
            }
        }

        #[automatically_derived]
        impl #impl_generics ::ipc::Typed for #proxy #type_generics #conditions {
            fn publish_at(
                &self,
                manager: &::ipc::Manager,
                name: &str,
            ) -> ::core::result::Result<(), ::ipc::ManagerError> {
                manager.publish_object(name, &self.0)
            }

            fn find_at(
                manager: &::ipc::Manager,
                name: &str,
            ) -> ::core::result::Result<Self, ::ipc::ManagerError> {
                manager.find_object::<#object>(name)
            }
        }

        #[automatically_derived]
        impl #impl_generics ::ipc::Managed for #object #conditions {
            type Proxy = #proxy #type_generics;
            #creation
        }

        #[allow(dead_code, private_interfaces, unreachable_pub, reason = "as its model")]
        impl #impl_generics #proxy #type_generics #conditions {
            #(#methods)*
        }
    })
}

/// The last name in a type's path.
fn name_of(object: &Type) -> Result<&Ident> {
    let last = match object {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    };
    match last {
        Some(last) if !matches!(last.arguments, PathArguments::Parenthesized(_)) => Ok(&last.ident),
        _ => Err(Error::new_spanned(object, "`#[ipc::managed]` needs a type with a name")),
    }
}

fn takes_self(function: &ImplItemFn) -> bool {
    matches!(function.sig.inputs.first(), Some(FnArg::Receiver(_)))
}

/// `Args` and `create`, from `new` or from `Default`.
fn creation(object: &Type, constructor: Option<&ImplItemFn>) -> Result<TokenStream> {
    let Some(constructor) = constructor else {
        return Ok(quote! {
            type Args = ();
            fn create((): ()) -> Self {
                ::core::default::Default::default()
            }
        });
    };
    method::check(constructor)?;
    if matches!(constructor.sig.output, ReturnType::Default) {
        return Err(Error::new_spanned(&constructor.sig, "`new` makes the object: it returns one"));
    }
    let parameters = method::parameters(constructor)?;
    let names: Vec<_> = parameters.iter().map(|Parameter { name, .. }| name).collect();
    let owned = parameters.iter().map(|Parameter { owned, .. }| owned);
    let passed = parameters.iter().map(Parameter::passed);
    let (pattern, args) = match names.as_slice() {
        [one] => (quote!(#one), quote!(#(#owned)*)),
        _ => (quote!((#(#names),*)), quote!((#(#owned),*))),
    };
    Ok(quote! {
        type Args = #args;
        fn create(#pattern: #args) -> Self {
            <#object>::new(#(#passed),*)
        }
    })
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::expand;

    fn expanded(item: TokenStream) -> String {
        expand(TokenStream::new(), item).to_string()
    }

    fn without_spaces(tokens: TokenStream) -> String {
        tokens.to_string()
    }

    #[test]
    fn arguments_of_the_constructor_are_one_a_tuple_or_none() {
        let one = expanded(quote!(impl A { fn new(n: u8) -> A { A(n) } }));
        assert!(
            one.contains(&without_spaces(quote!(
                type Args = u8;
            ))),
            "{one}"
        );
        let two = expanded(quote!(impl A { fn new(n: u8, s: &str) -> A { A(n, s.len()) } }));
        assert!(
            two.contains(&without_spaces(quote!(
                type Args = (u8, ::std::string::String);
            ))),
            "{two}"
        );
        let none = expanded(quote!(impl A { fn new() -> A { A } }));
        assert!(
            none.contains(&without_spaces(quote!(
                type Args = ();
            ))),
            "{none}"
        );
        let default = expanded(quote!(impl A { fn f(&self) {} }));
        assert!(default.contains("Default :: default ()"), "{default}");
    }

    #[test]
    fn only_what_has_a_receiver_is_in_the_proxy_as_visible_as_it_was() {
        let output = expanded(quote!(impl A { pub(crate) fn f(&self) {} fn g() {} }));
        let proxy = output.split("impl AProxy").nth(1).unwrap();
        assert!(proxy.contains("pub (crate) fn f") && !proxy.contains("fn g"), "{proxy}");
    }

    #[test]
    fn mistakes_are_named() {
        for (item, said) in [
            (
                quote!(
                    struct A;
                ),
                "belongs on an `impl` block",
            ),
            (quote!(impl B for A {}), "own methods"),
            (quote!(impl A { fn f(self) {} }), "takes the object away"),
            (quote!(impl A { async fn f(&self) {} }), "async"),
            (quote!(impl A { fn f(&self) -> &str { "" } }), "returns a reference"),
            (quote!(impl A { fn f<T>(&self, t: T) {} }), "generic"),
            (quote!(impl A { fn f(&self, t: &mut u8) {} }), "changes"),
            (quote!(impl A { fn new() {} }), "returns one"),
        ] {
            let output = expanded(item);
            assert!(output.contains("compile_error") && output.contains(said), "{output}");
        }
    }
}
