//! Progress bars.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::gauge::{Gauge, Gauges, Meter};

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
        Gauges::new(move |items| Gauge::new(Shown(Mutex::new(Some(self.bar(items))))))
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

/// A bar that is there until its call ends.
struct Shown(Mutex<Option<ProgressBar>>);

impl Shown {
    fn lock(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meter for Shown {
    fn advance(&self, items: usize) {
        if let Some(shown) = &*self.lock() {
            shown.inc(items as u64);
        }
    }

    fn finish(&self) {
        if let Some(shown) = self.lock().take() {
            shown.abandon();
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("message", &self.message).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};

    use indicatif::{InMemoryTerm, ProgressDrawTarget};

    use super::Progress;
    use crate::{Pool, ThreadPool, wait_all};

    /// A pool whose bars are drawn on this terminal.
    fn pool_on(terminal: &InMemoryTerm) -> ThreadPool {
        let screen = terminal.clone();
        let target = move || ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let progress = Progress { message: "squares".into(), target: Arc::new(target) };
        Pool::builder().workers(2).progress(progress).threads().expect("a pool")
    }

    fn shows(terminal: &InMemoryTerm, what: &str) -> bool {
        let contents = terminal.contents();
        contents.lines().any(|line| line.starts_with("squares ") && line.contains(what))
    }

    #[test]
    fn a_call_of_many_items_has_a_bar_and_a_single_task_has_none() {
        let terminal = InMemoryTerm::new(10, 100);
        let pool = pool_on(&terminal);
        assert_eq!(pool.apply(|n: u64| n * n, 3), Ok(9));
        assert_eq!(terminal.contents(), "");
        let task = pool.map_async(|n: u64| n * n, 0..40);
        // The bar is complete when the call is, whoever still has a hand on it.
        assert!(wait_all(std::slice::from_ref(&task), None));
        assert!(shows(&terminal, "] 40/40"), "{}", terminal.contents());
        assert_eq!(pool.imap(|n: u64| n * n, 0..7).count(), 7);
        assert!(shows(&terminal, "] 40/40"), "{}", terminal.contents());
        assert!(shows(&terminal, " 7 "), "{}", terminal.contents());
    }

    #[test]
    fn what_ends_after_its_call_is_not_drawn() {
        let terminal = InMemoryTerm::new(10, 100);
        let pool = pool_on(&terminal);
        let (go, go_on) = mpsc::channel::<()>();
        let go_on = Mutex::new(go_on);
        let second_waits = move |n: u64| {
            if n == 1 {
                // That nobody will ever tell it is as good.
                let _ = go_on.lock().map(|go_on| go_on.recv());
            }
        };
        let mut results = pool.imap(second_waits, 0..2);
        assert_eq!(results.next(), Some(Ok(())));
        drop(results);
        let contents = terminal.contents();
        assert!(shows(&terminal, " 1 "), "{contents}");
        drop(go);
        pool.join();
        assert_eq!(terminal.contents(), contents);
    }
}
