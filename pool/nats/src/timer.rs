//! Times that are the matter: leases, deadlines, and pauses before something is tried anew.

use std::time::Duration;

use tokio::time::Instant;

/// Until this time.
pub(crate) async fn until(when: Instant) {
    // sleep: whoever waits for a time has no other event to wait for.
    tokio::time::sleep_until(when).await;
}

/// So long from now.
pub(crate) fn after(pause: Duration) -> impl Future<Output = ()> {
    until(Instant::now() + pause)
}
