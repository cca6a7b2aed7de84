//! Times that are the matter: leases, deadlines, and pauses before something is tried anew.

use std::time::Duration;

use tokio::time::Instant;

/// Until this time.
pub(crate) async fn until(when: Instant) {
    // sleep: whoever waits for a time has no other event to wait for.
    tokio::time::sleep_until(when).await;
}

/// The same, or for ever if that time is too far to be told.
pub(crate) async fn until_if(when: Option<Instant>) {
    match when {
        Some(when) => until(when).await,
        None => std::future::pending().await,
    }
}

/// So long from now.
pub(crate) fn after(pause: Duration) -> impl Future<Output = ()> {
    until(Instant::now() + pause)
}
