//! What the compiler has to refuse, and what it says.

#[test]
fn mistakes_are_refused_with_their_reason() {
    let cases = trybuild::TestCases::new();
    // With a case that is built, and not only checked, all are: some mistakes show only then.
    cases.pass("tests/compile/accepted/*.rs");
    cases.compile_fail("tests/compile/refused/*.rs");
}
