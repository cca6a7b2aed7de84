//! Progress bars.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::gauge::{Gauge, Gauges};

/// A bar on stderr for each call of many items. See [`Builder::progress`](crate::Builder::progress).
///
/// Needs the feature `progress`. Nothing is printed where stderr is no terminal, nor for calls of a
/// single task. A bar of an [`imap`](crate::ThreadPool::imap) counts, for nobody knows the end.
///
/// # Example
///
/// ```
/// let pool = pool::Pool::builder().workers(2).progress(pool::Progress::new("squares")).threads()?;
/// assert_eq!(pool.map(|n: u64| n * n, 0..3)?, [0, 1, 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Progress {
    message: Cow<'static, str>,
    target: Arc<dyn Fn() -> ProgressDrawTarget + Send + Sync>,
}

impl Progress {
    /// Bars with this text before them.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Progress {
        Progress { message: message.into(), target: Arc::new(ProgressDrawTarget::stderr) }
    }

    pub(crate) fn gauges(self) -> Gauges {
        Gauges::new(move |items| {
            let shown = self.bar(items);
            Gauge::new(move || shown.inc(1))
        })
    }

    fn bar(&self, items: Option<usize>) -> ProgressBar {
        let items = items.map(|items| items as u64);
        let template = match items {
            Some(_) => "{msg} [{bar:40}] {pos}/{len} {eta}",
            None => "{msg} {spinner} {pos} {per_sec}",
        };
        let style = ProgressStyle::with_template(template);
        ProgressBar::with_draw_target(items, (self.target)())
            .with_message(self.message.clone())
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_finish(ProgressFinish::Abandon)
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("message", &self.message).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use indicatif::{InMemoryTerm, ProgressDrawTarget};

    use super::Progress;
    use crate::Pool;

    #[test]
    fn a_call_of_many_items_has_a_bar_and_a_single_task_has_none() {
        let terminal = InMemoryTerm::new(10, 100);
        let screen = terminal.clone();
        let target = move || ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let progress = Progress { message: "squares".into(), target: Arc::new(target) };
        let pool = Pool::builder().workers(2).progress(progress).threads().expect("a pool");
        assert_eq!(pool.apply(|n: u64| n * n, 3), Ok(9));
        assert_eq!(terminal.contents(), "");
        assert_eq!(pool.map(|n: u64| n * n, 0..40).expect("a map").len(), 40);
        assert_eq!(pool.imap(|n: u64| n * n, 0..7).count(), 7);
        pool.join();
        let contents = terminal.contents();
        let shows = |what: &str| {
            contents.lines().any(|line| line.starts_with("squares ") && line.contains(what))
        };
        assert!(shows("] 40/40") && shows(" 7 "), "{contents}");
    }
}
