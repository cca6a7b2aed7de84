//! The connection to the server.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::error::ClusterError;
use crate::options::Tls;

/// How often a silent connection is tried. It is given up when two tries have had no answer.
const PING: Duration = Duration::from_secs(2);
/// The longest pause between two attempts to connect anew.
const RECONNECT: Duration = Duration::from_millis(500);

/// Where the server is and who may come in.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) tls: Tls,
}

/// Connects. Also gives what happens to the connection later.
pub(crate) async fn connect(
    access: &Access,
    name: &str,
) -> Result<(Client, UnboundedReceiver<Event>), ClusterError> {
    let (tell, events) = unbounded_channel();
    let mut options = ConnectOptions::new()
        .name(name)
        .ping_interval(PING)
        .client_capacity(1 << 16)
        .reconnect_delay_callback(|attempts| {
            RECONNECT.min(Duration::from_millis(20).saturating_mul(attempts as u32))
        })
        .event_callback(move |event| {
            // Whoever does not listen any more has closed.
            let _ = tell.send(event);
            async {}
        });
    if !access.token.is_empty() {
        options = options.token(access.token.clone());
    }
    if access.tls.required {
        options = options.require_tls(true);
    }
    if let Some(authority) = &access.tls.authority {
        options = options.add_root_certificates(authority.clone());
    }
    if let Some((certificate, key)) = &access.tls.identity {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    let client = options.connect(&access.url).await.map_err(|error| ClusterError::Connect {
        url: without_secrets(&access.url),
        error: error.into(),
    })?;
    Ok((client, events))
}

/// An address may have a token in it.
fn without_secrets(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn an_address_is_told_without_what_lets_people_in() {
        for (url, told) in [
            ("nats://secret@host:4222", "nats://host:4222"),
            ("tls://user:word@host", "tls://host"),
            ("secret@host:4222", "host:4222"),
            ("nats://host:4222", "nats://host:4222"),
        ] {
            assert_eq!(without_secrets(url), told);
        }
    }
}
