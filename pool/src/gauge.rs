//! Who is told how far a call has come.

use std::fmt;
use std::sync::Arc;

/// Told of each item of a call that has come to an end.
#[derive(Clone, Default)]
pub(crate) struct Gauge(Option<Arc<dyn Fn() + Send + Sync>>);

impl Gauge {
    #[cfg(feature = "progress")]
    pub(crate) fn new(tick: impl Fn() + Send + Sync + 'static) -> Gauge {
        Gauge(Some(Arc::new(tick)))
    }

    /// One item more.
    pub(crate) fn tick(&self) {
        if let Some(tick) = &self.0 {
            tick();
        }
    }
}

/// Makes a gauge for each call of so many items, if that is known.
#[derive(Clone, Default)]
pub(crate) struct Gauges(Option<Arc<Make>>);

type Make = dyn Fn(Option<usize>) -> Gauge + Send + Sync;

impl Gauges {
    #[cfg(feature = "progress")]
    pub(crate) fn new(make: impl Fn(Option<usize>) -> Gauge + Send + Sync + 'static) -> Gauges {
        Gauges(Some(Arc::new(make)))
    }

    pub(crate) fn gauge(&self, items: Option<usize>) -> Gauge {
        self.0.as_ref().map_or_else(Gauge::default, |make| make(items))
    }
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gauges").field(&self.0.is_some()).finish()
    }
}
