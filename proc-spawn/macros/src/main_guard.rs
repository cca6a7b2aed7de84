//! How `#[main]` rewrites a function.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, ItemFn, Signature};

/// The function that does what the attribute promises, or an error at the place of the mistake.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            // The compiler says more about a broken function than we could: let it see it.
            let error = error.into_compile_error();
            return quote!(#error #item);
        }
    };
    match check(&arguments, &function) {
        Ok(()) => wrap(&function),
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#error #function)
        }
    }
}

fn check(arguments: &TokenStream, function: &ItemFn) -> Result<(), Error> {
    if !arguments.is_empty() {
        return Err(Error::new_spanned(arguments, "`#[proc_spawn::main]` takes no arguments"));
    }
    let Signature { ident, inputs, generics, asyncness, .. } = &function.sig;
    if ident != "main" {
        return Err(Error::new_spanned(
            ident,
            "`#[proc_spawn::main]` belongs on `fn main`: a child goes its own way at the first line \
             of the program",
        ));
    }
    if !inputs.is_empty() {
        return Err(Error::new_spanned(inputs, "`main` takes no arguments"));
    }
    if !generics.params.is_empty() {
        return Err(Error::new_spanned(generics, "`main` cannot be generic"));
    }
    if let Some(asyncness) = asyncness
        && function.attrs.iter().all(is_inert)
    {
        return Err(Error::new_spanned(
            asyncness,
            "an `async fn main` needs a runtime: put its attribute, such as `#[tokio::main]`, \
             below this one",
        ));
    }
    Ok(())
}

/// The user's function, attributes and all, within a plain `main` that calls the guard first. A
/// runtime's attribute so applies to the inner one, and starts its threads after the guard.
fn wrap(function: &ItemFn) -> TokenStream {
    let output = &function.sig.output;
    let conditions = function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    quote! {
        #(#conditions)*
        fn main() #output {
            ::proc_spawn::init();
            let _end = ::proc_spawn::__private::MainEnd;

            #function

            main()
        }
    }
}

/// Whether an attribute is the compiler's own, so that it cannot turn an `async fn` into a plain
/// one.
fn is_inert(attribute: &Attribute) -> bool {
    const INERT: [&str; 10] =
        ["allow", "cfg", "cold", "deny", "deprecated", "doc", "expect", "forbid", "inline", "warn"];
    attribute.path().get_ident().is_some_and(|ident| INERT.iter().any(|inert| ident == inert))
        || attribute
            .path()
            .segments
            .first()
            .is_some_and(|first| first.ident == "clippy" || first.ident == "rustfmt")
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::expand;

    fn expanded(item: TokenStream) -> String {
        expand(TokenStream::new(), item).to_string()
    }

    #[test]
    fn the_guard_comes_before_a_runtime_whose_attribute_stands_below() {
        let output = expanded(quote! {
            #[tokio::main]
            async fn main() -> Result<(), Error> { work().await }
        });
        let expected = quote! {
            fn main() -> Result<(), Error> {
                ::proc_spawn::init();
                let _end = ::proc_spawn::__private::MainEnd;

                #[tokio::main]
                async fn main() -> Result<(), Error> { work().await }

                main()
            }
        };
        assert_eq!(output, expected.to_string());
    }

    #[test]
    fn a_condition_holds_for_the_whole() {
        let output = expanded(quote!(
            #[cfg(feature = "x")]
            fn main() {}
        ));
        assert!(output.starts_with("# [cfg (feature = \"x\")] fn main"), "{output}");
    }

    #[test]
    fn an_async_main_with_nothing_to_run_it_is_an_error() {
        for item in [
            quote!(
                async fn main() {}
            ),
            quote!(
                #[inline]
                async fn main() {}
            ),
        ] {
            assert!(expanded(item).contains("needs a runtime"));
        }
    }

    #[test]
    fn what_is_no_function_is_left_to_the_compiler() {
        let output = expanded(quote!(
            struct Main;
        ));
        assert!(output.contains("compile_error") && output.ends_with("struct Main ;"), "{output}");
    }
}
