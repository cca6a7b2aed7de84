//! A Rust file as a flat list of tokens, and its comments apart from them.
//!
//! Rules that look for words look here: a word in a string or in a comment is no code, and a
//! macro's body, which the syntax tree does not open, is.

use super::test_code::marks_test;
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use std::{collections::BTreeMap, ops::Range};

/// One token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
    /// For an opening delimiter the index of the closing one, for any other token its own index.
    pub(crate) end: usize,
    pub(crate) place: Surroundings,
}

/// What a token stands in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings {
    /// The body of a function.
    pub(crate) function: bool,
    /// `quote! { … }` or one of its kin: code that is written elsewhere.
    pub(crate) quoted: bool,
    /// The body of a `macro_rules!`.
    pub(crate) template: bool,
    /// An item that is compiled for tests only.
    pub(crate) test: bool,
}

/// The tokens and comments of a file.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) tokens: Vec<Token>,
    /// The text of the comments on a line, doc comments included, by line number.
    pub(crate) comments: BTreeMap<usize, String>,
}

impl Code {
    /// Takes `text` apart; nothing is found in a text that is not made of tokens.
    pub(crate) fn of(text: &str) -> Self {
        let Ok(stream) = text.parse::<TokenStream>() else { return Self::default() };
        let mut reader = Reader { text, code: Self::default(), comment: 0, counted: (0, 1) };
        reader.stream(stream, Surroundings::default());
        reader.comments_up_to(text.len());
        reader.code
    }

    /// Whether the tokens from `start` on read as `words`.
    pub(crate) fn reads(&self, start: usize, words: &[&str]) -> bool {
        let found = self.tokens.get(start..start + words.len());
        found.is_some_and(|found| found.iter().zip(words).all(|(token, word)| token.text == *word))
    }

    /// Whether the tokens before `end` read as `words`.
    pub(crate) fn reads_before(&self, end: usize, words: &[&str]) -> bool {
        end.checked_sub(words.len()).is_some_and(|start| self.reads(start, words))
    }

    /// The tokens between the delimiter at `open` and its partner.
    pub(crate) fn inside(&self, open: usize) -> Range<usize> {
        open + 1..self.tokens.get(open).map_or(open + 1, |token| token.end)
    }

    /// The index and text of every token.
    pub(crate) fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        self.tokens.iter().enumerate().map(|(index, token)| (index, token.text.as_str()))
    }
}

struct Reader<'a> {
    text: &'a str,
    code: Code,
    /// Everything before this offset is read; what lies between it and the next token is a comment.
    comment: usize,
    /// An offset and the number of its line, so that lines are counted once.
    counted: (usize, usize),
}

impl Reader<'_> {
    fn stream(&mut self, stream: TokenStream, mut place: Surroundings) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let mut outer_test = place.test;
        let mut next = 0;
        while let Some(tree) = trees.get(next) {
            next += 1;
            match tree {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    let inner = is_punct(trees.get(next), '!');
                    if let Some(TokenTree::Group(group)) = trees.get(next + usize::from(inner)) {
                        if self.doc_comment(punct.span()) {
                            next += usize::from(inner) + 1;
                            continue;
                        }
                        let meta = syn::parse2(group.stream());
                        place.test |= meta.is_ok_and(|meta| marks_test(&meta));
                        outer_test |= inner && place.test;
                    }
                    self.push("#".into(), punct.span(), place);
                }
                TokenTree::Punct(punct) if is_path_separator(&trees[next - 1..]) => {
                    self.push("::".into(), punct.span(), place);
                    self.comment = trees[next].span().byte_range().end;
                    next += 1;
                }
                TokenTree::Group(group) => {
                    self.group(group, place, &trees[..next - 1]);
                    if group.delimiter() == Delimiter::Brace {
                        place.test = outer_test;
                    }
                }
                other => {
                    self.push(other.to_string(), other.span(), place);
                    if is_punct(Some(other), ';') {
                        place.test = outer_test;
                    }
                }
            }
        }
    }

    fn group(&mut self, group: &Group, mut place: Surroundings, before: &[TokenTree]) {
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::None => ("", ""),
        };
        let index = self.code.tokens.len();
        self.push(open.into(), group.span_open(), place);
        let mut inner = place;
        inner.function |= group.delimiter() == Delimiter::Brace && ends_in_signature(before);
        inner.quoted |= ends_in_macro_call(before, &["quote", "quote_spanned", "parse_quote"]);
        inner.template |=
            before.len() > 2 && ends_in_macro_call(&before[..before.len() - 1], &["macro_rules"]);
        self.stream(group.stream(), inner);
        place.test = inner.test;
        self.push(close.into(), group.span_close(), place);
        self.code.tokens[index].end = self.code.tokens.len() - 1;
    }

    fn push(&mut self, text: String, span: Span, place: Surroundings) {
        let bytes = span.byte_range();
        self.comments_up_to(bytes.start);
        self.comment = self.comment.max(bytes.end);
        let line = self.line(bytes.start);
        let end = self.code.tokens.len();
        self.code.tokens.push(Token { text, line, end, place });
    }

    /// Whether the attribute at `span` is a doc comment, which is then noted as one.
    fn doc_comment(&mut self, span: Span) -> bool {
        let bytes = span.byte_range();
        let is_comment = self.text[bytes.clone()].starts_with('/');
        if is_comment {
            self.comments_up_to(bytes.end);
        }
        is_comment
    }

    /// Notes what stands between the last token and `end`: blanks and comments.
    fn comments_up_to(&mut self, end: usize) {
        if end <= self.comment {
            return;
        }
        let first = self.line(self.comment);
        for (offset, line) in self.text[self.comment..end].lines().enumerate() {
            if !line.trim().is_empty() {
                let comment = self.code.comments.entry(first + offset).or_default();
                comment.push_str(line.trim());
            }
        }
        self.comment = end;
    }

    fn line(&mut self, offset: usize) -> usize {
        let (from, line) = self.counted;
        if offset < from {
            return self.text[..offset].matches('\n').count() + 1;
        }
        let line = line + self.text[from..offset].matches('\n').count();
        self.counted = (offset, line);
        line
    }
}

fn is_punct(tree: Option<&TokenTree>, char: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

fn is_path_separator(trees: &[TokenTree]) -> bool {
    let joint = matches!(trees.first(), Some(TokenTree::Punct(punct))
        if punct.as_char() == ':' && punct.spacing() == proc_macro2::Spacing::Joint);
    joint && is_punct(trees.get(1), ':')
}

/// Whether `before` ends in `name !` for one of `names`.
fn ends_in_macro_call(before: &[TokenTree], names: &[&str]) -> bool {
    let [.., TokenTree::Ident(name), bang] = before else { return false };
    is_punct(Some(bang), '!') && names.iter().any(|known| name == known)
}

/// Whether what `before` ends in is the head of a function: `fn name` and no `;` or body since.
fn ends_in_signature(before: &[TokenTree]) -> bool {
    let ends_item = |tree: &TokenTree| {
        is_punct(Some(tree), ';')
            || matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
    };
    let start = before.iter().rposition(ends_item).map_or(0, |end| end + 1);
    before[start..].windows(2).any(|pair| match pair {
        [TokenTree::Ident(word), TokenTree::Ident(_)] => word == "fn",
        _ => false,
    })
}

#[cfg(test)]
mod tests;
