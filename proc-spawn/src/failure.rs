//! Errors that can cross a process border.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How many links of a source chain are kept; an error that is its own source would have no end.
const MAX_LINKS: usize = 64;

/// An error of any type, in a form that can be sent to another process.
///
/// Any `E: Error` becomes one with `?`, so a function that returns `Result<T, Failure>` can be
/// started in a process whatever goes wrong in it. What is kept is the text of the error and of
/// every [source](Error::source) under it; the types stay behind.
///
/// `{}` prints the error, `{:#}` the error and its sources on one line, `{:?}` the same as a
/// list. Like the error types of other "any error" crates it does not implement [`Error`] itself,
/// since it could not then be made from every `E: Error`; [`as_error`](Self::as_error) lends it as
/// one, and it converts into `Box<dyn Error + Send + Sync>`.
///
/// # Example
///
/// ```
/// use proc_spawn::Failure;
///
/// fn parse(text: &str) -> Result<u32, Failure> {
///     if text.is_empty() {
///         return Err(Failure::new("there is nothing to parse"));
///     }
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(parse("").unwrap_err().to_string(), "there is nothing to parse");
/// assert_eq!(parse("x").unwrap_err().to_string(), "invalid digit found in string");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Texts", into = "Texts")]
pub struct Failure(Box<Link>);

/// One error of a chain.
#[derive(Clone, PartialEq, Eq)]
struct Link {
    message: String,
    source: Option<Box<Link>>,
}

impl Failure {
    /// A failure that is described by a text alone.
    pub fn new(message: impl fmt::Display) -> Self {
        Self(Box::new(Link { message: message.to_string(), source: None }))
    }

    /// Puts a text above this failure, which becomes the source of the new one.
    #[must_use]
    pub fn context(self, message: impl fmt::Display) -> Self {
        Self(Box::new(Link { message: message.to_string(), source: Some(self.0) }))
    }

    /// The texts of the error and of its sources, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &str> {
        self.links().map(|link| link.message.as_str())
    }

    /// The text of the innermost source, or of the error itself if it has none.
    pub fn root_cause(&self) -> &str {
        self.chain().last().unwrap_or_default()
    }

    /// This failure as a standard error, with its sources.
    pub fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }

    fn links(&self) -> impl Iterator<Item = &Link> {
        std::iter::successors(Some(&*self.0), |link| link.source.as_deref())
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let outer = error.to_string();
        let sources = std::iter::successors(error.source(), |&source| source.source());
        let texts: Vec<_> = std::iter::once(outer)
            .chain(sources.map(ToString::to_string))
            .take(MAX_LINKS)
            .collect();
        Self::of_texts(texts)
    }
}

impl Failure {
    /// Builds the chain from its texts, outermost first.
    fn of_texts(texts: Vec<String>) -> Self {
        let chain = texts
            .into_iter()
            .take(MAX_LINKS)
            .rev()
            .fold(None, |source, message| Some(Box::new(Link { message, source })));
        Self(chain.unwrap_or_else(|| Box::new(Link { message: String::new(), source: None })))
    }
}

/// The wire form: no nesting, so no depth that a peer chooses.
#[derive(Serialize, Deserialize)]
struct Texts(Vec<String>);

impl From<Texts> for Failure {
    fn from(Texts(texts): Texts) -> Self {
        Self::of_texts(texts)
    }
}

impl From<Failure> for Texts {
    fn from(failure: Failure) -> Self {
        Self(failure.chain().map(str::to_owned).collect())
    }
}

impl From<Failure> for Box<dyn Error + Send + Sync> {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl From<Failure> for Box<dyn Error> {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if f.alternate() {
            for text in self.chain().skip(1) {
                write!(f, ": {text}")?;
            }
        }
        Ok(())
    }
}

/// As a list, so that `fn main() -> Result<(), Failure>` prints something to read.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for text in self.chain().skip(1) {
            write!(f, "\n  caused by: {text}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("message", &self.message)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for Link {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|link| link as _)
    }
}
