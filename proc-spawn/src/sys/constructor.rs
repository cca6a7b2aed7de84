//! Code that runs before `main`.

/// Lets the `#[test]` functions of this test binary start processes.
///
/// A test binary has no `main` of its own where [`init`](crate::init) could stand. Write this once
/// anywhere in it (a second time does no harm): it runs before the harness does, so that a child
/// of a test runs the function it was started for, whatever filters or options the tests were
/// called with. It works with libtest, cargo-nextest and doctests.
///
/// In such a child the function runs before Rust's own start of `main`: its main thread has no
/// name, and on Unix a stack overflow in it is a plain SIGSEGV.
///
/// ```
/// proc_spawn::enable_test_support!();
///
/// fn double(n: u32) -> u32 {
///     2 * n
/// }
///
/// # fn main() -> Result<(), proc_spawn::Failure> {
/// // In a #[test] function:
/// let child = proc_spawn::Process::spawn(double, 21)?;
/// assert_eq!(child.join()?, 42);
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! enable_test_support {
    () => {
        const _: () = {
            #[used]
            #[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
            #[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
            #[cfg_attr(windows, unsafe(link_section = ".CRT$XCU"))]
            static BEFORE_MAIN: extern "C" fn() = $crate::__private::before_main;
        };
    };
}
