//! What the rules about "only here" share: words, and the places that may hold them.

use super::{
    Tree, Violation,
    tree::{RustFile, Token},
};

/// Reports every token that `is_word` knows, outside test code, in files that are not `allowed`.
pub(super) fn product_code(
    tree: &Tree,
    allowed: impl Fn(&RustFile) -> bool,
    is_word: impl Fn(&RustFile, usize, &Token) -> bool,
    message: &str,
) -> Vec<Violation> {
    everywhere(
        tree,
        allowed,
        |file, at, token| !file.is_test(at) && is_word(file, at, token),
        message,
    )
}

/// Reports every token that `is_word` knows in files that are not `allowed`, tests included.
pub(super) fn everywhere(
    tree: &Tree,
    allowed: impl Fn(&RustFile) -> bool,
    is_word: impl Fn(&RustFile, usize, &Token) -> bool,
    message: &str,
) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.rust.iter().filter(|file| !allowed(file)) {
        for (index, token) in file.code.tokens.iter().enumerate() {
            if is_word(file, index, token) {
                let message = format!("`{}` {message}", token.text);
                found.push(Violation::new(&file.path, token.line, message));
            }
        }
    }
    found
}
