use super::{Code, Surroundings, Token};

fn token(code: &Code, text: &str) -> Token {
    code.tokens.iter().find(|token| token.text == text).cloned().unwrap()
}

fn place(text: &str, word: &str) -> Surroundings {
    token(&Code::of(text), word).place
}

#[test]
fn words_in_strings_and_comments_are_no_code() {
    let code = Code::of("// fork(\nfn a() { b(\"fork(\"); /* fork( */ }\n/// fork(\nfn c() {}\n");
    assert!(code.words().all(|(_, word)| word != "fork"));
    assert!(code.reads(0, &["fn", "a", "(", ")", "{"]));
}

#[test]
fn comments_are_known_by_their_line() {
    let code =
        Code::of("//! top\n\nuse a::b; // one\n/* two\nthree */\n/// four\nfn c() {}\n// end");
    let comments: Vec<_> = code.comments.iter().map(|(line, text)| (*line, &**text)).collect();
    let expected = [
        (1, "//! top"),
        (3, "// one"),
        (4, "/* two"),
        (5, "three */"),
        (6, "/// four"),
        (8, "// end"),
    ];
    assert_eq!(comments, expected);
}

#[test]
fn a_written_out_doc_attribute_is_no_comment() {
    let code = Code::of("#[doc = \"text\"]\nfn a() {}");
    assert!(code.comments.is_empty());
    assert!(code.reads(0, &["#", "[", "doc", "=", "\"text\"", "]"]));
}

#[test]
fn tokens_know_their_line_and_delimiters_their_partner() {
    let code = Code::of("fn é() {\n  a::b(\"ü\",\n  c)\n}\n");
    assert_eq!(token(&code, "c").line, 3);
    let open = code.tokens.iter().rposition(|token| token.text == "(").unwrap();
    let inside: Vec<_> = code.tokens[code.inside(open)].iter().map(|t| &*t.text).collect();
    assert_eq!(inside, ["\"ü\"", ",", "c"]);
    assert!(code.reads(5, &["a", "::", "b"]));
}

#[test]
fn test_items_are_marked_and_their_neighbours_are_not() {
    let text = "#[cfg(test)] use a::x; fn y() {} #[test] fn t<A, B>() { z } struct W;";
    assert!(place(text, "x").test);
    assert!(!place(text, "y").test);
    assert!(place(text, "z").test);
    assert!(!place(text, "W").test);
    assert!(place("#![cfg(test)] fn a() {} fn b() {}", "a").test);
}

#[test]
fn bodies_of_functions_are_told_from_other_braces() {
    let text =
        "struct S { a: fn() } impl S { fn b(&self) -> u8 where Self: Sized { c } const D: u8; }";
    assert!(!place(text, "a").function);
    assert!(!place(text, "D").function);
    assert!(place(text, "c").function);
}

#[test]
fn quoted_code_and_macro_bodies_are_told_apart() {
    let text = "fn f() { quote! { a } } macro_rules! m { () => { b } } c!{ d }";
    assert!(place(text, "a").quoted && !place(text, "a").template);
    assert!(place(text, "b").template && !place(text, "b").quoted);
    assert!(!place(text, "d").quoted && !place(text, "d").template);
}

#[test]
fn text_that_is_not_rust_holds_nothing() {
    assert!(Code::of("fn a( {").tokens.is_empty());
}
