//! How a function meets its arguments.

/// A function that can be called with `Args`.
///
/// `Args` is the function's one argument, or `()` for none, or a tuple that is spread over its
/// parameters (up to eight):
///
/// | function | arguments |
/// |---|---|
/// | `fn tick()` | `()` |
/// | `fn bump(n: u32)` | `1` |
/// | `fn add(a: i64, b: i64)` | `(1, 2)` |
/// | `fn norm(point: (f64, f64))` | `(3.0, 4.0)`: one argument that is itself a tuple |
///
/// Every fn item (generic ones too) and every closure implements it. `Marker` only keeps the
/// implementations apart and is always inferred. The parameters of a closure may be left without
/// a type unless its body needs to know the type early, as in `|text| text.len()`.
///
/// # Example
///
/// ```
/// use proc_spawn::Call;
///
/// fn apply<F: Call<A, M>, A, M>(f: F, args: A) -> F::Output {
///     f.call(args)
/// }
///
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// assert_eq!(apply(add, (1, 2)), 3);
/// assert_eq!(apply(|a, b| a * b, (3, 4)), 12);
/// assert_eq!(apply(|pair: (u8, u8)| pair.1, (1, 2)), 2);
/// assert_eq!(apply(|| "done", ()), "done");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be called with `{Args}`",
    label = "its parameters are not `{Args}`",
    note = "the arguments are the function's one argument, or `()` for none, or a tuple that is \
            spread over its parameters"
)]
pub trait Call<Args, Marker> {
    /// What the function returns.
    type Output;

    /// Calls the function.
    fn call(self, args: Args) -> Self::Output;
}

/// Marks the implementation of [`Call`] for a function that takes the arguments as they are.
#[derive(Debug)]
pub enum Whole {}

/// Marks the implementations of [`Call`] that spread a tuple over `N` parameters.
#[derive(Debug)]
pub enum Spread<const N: usize> {}

impl<F, A, R> Call<A, Whole> for F
where
    F: FnOnce(A) -> R,
{
    type Output = R;

    fn call(self, args: A) -> R {
        self(args)
    }
}

macro_rules! spread {
    ($count:literal: $($arg:ident)*) => {
        impl<Func, $($arg,)* R> Call<($($arg,)*), Spread<$count>> for Func
        where
            Func: FnOnce($($arg),*) -> R,
        {
            type Output = R;

            #[expect(non_snake_case, reason = "the type parameters' names serve as the variables'")]
            fn call(self, ($($arg,)*): ($($arg,)*)) -> R {
                self($($arg),*)
            }
        }
    };
}

impl<F, R> Call<(), Spread<0>> for F
where
    F: FnOnce() -> R,
{
    type Output = R;

    fn call(self, (): ()) -> R {
        self()
    }
}

spread!(2: A B);
spread!(3: A B C);
spread!(4: A B C D);
spread!(5: A B C D E);
spread!(6: A B C D E F);
spread!(7: A B C D E F G);
spread!(8: A B C D E F G H);
