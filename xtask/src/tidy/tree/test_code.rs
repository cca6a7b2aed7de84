//! Which code is there for tests only.

use syn::{Meta, Token, punctuated::Punctuated};

/// Whether an attribute says that what follows is compiled for tests only: `test`, or a `cfg`
/// that cannot hold without `test`.
pub(crate) fn marks_test(meta: &Meta) -> bool {
    match meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args::<Meta>().is_ok_and(|predicate| needs_test(&predicate))
        }
        _ => false,
    }
}

fn needs_test(predicate: &Meta) -> bool {
    let parts = |list: &syn::MetaList| {
        list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default()
    };
    match predicate {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => parts(list).iter().any(needs_test),
        Meta::List(list) if list.path.is_ident("any") => {
            let parts = parts(list);
            !parts.is_empty() && parts.iter().all(needs_test)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::marks_test;

    fn marked(attribute: &str) -> bool {
        marks_test(&syn::parse_str(attribute).unwrap())
    }

    #[test]
    fn what_cannot_hold_without_test_marks_test_code() {
        for attribute in ["test", "cfg(test)", "cfg(all(unix, test))", "cfg(any(test, test))"] {
            assert!(marked(attribute), "{attribute}");
        }
    }

    #[test]
    fn what_may_hold_without_test_does_not() {
        for attribute in ["cfg(not(test))", "cfg(any(test, loom))", "cfg(unix)", "inline", "a = 1"]
        {
            assert!(!marked(attribute), "{attribute}");
        }
    }
}
