//! Who is told how far a call has come.

use std::fmt;
use std::sync::Arc;

/// Shows how far a call has come.
pub(crate) trait Meter: Send + Sync {
    /// So many items more have come to an end.
    fn advance(&self, items: usize);

    /// The call has ended: nothing is shown after this. May be called again.
    fn finish(&self);
}

/// What a call tells of how far it has come.
#[derive(Clone, Default)]
pub(crate) struct Gauge {
    meter: Option<Arc<dyn Meter>>,
    /// What tells is a part of the call, and others go on after it.
    is_of_part: bool,
}

impl Gauge {
    #[cfg(feature = "progress")]
    pub(crate) fn new(meter: impl Meter + 'static) -> Gauge {
        Gauge { meter: Some(Arc::new(meter)), is_of_part: false }
    }

    /// The same for a part of the call.
    pub(crate) fn of_part(&self) -> Gauge {
        Gauge { meter: self.meter.clone(), is_of_part: true }
    }

    pub(crate) fn advance(&self, items: usize) {
        if let Some(meter) = &self.meter {
            meter.advance(items);
        }
    }

    /// What tells has ended.
    pub(crate) fn finish(&self) {
        if let Some(meter) = self.meter.as_ref().filter(|_| !self.is_of_part) {
            meter.finish();
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
