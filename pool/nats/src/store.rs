//! What is too large for a message goes through the object store.

use std::error::Error;
use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::object_store::{Config, ObjectStore};
use async_nats::jetstream::{self, Context};

use crate::names;

/// What nobody has fetched by then, its submitter or agent is dead.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);
/// For what a message says besides its contents.
const ENVELOPE: usize = 4096;

type Problem = Box<dyn Error + Send + Sync>;

/// The store, as one member of the cluster has it.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    client: Client,
    context: Context,
}

impl Store {
    pub(crate) fn new(client: Client) -> Store {
        Store { context: jetstream::new(client.clone()), client }
    }

    /// Whether contents of so many bytes do not fit into a message.
    pub(crate) fn is_needed(&self, bytes: usize) -> bool {
        bytes + ENVELOPE > self.client.max_payload()
    }

    /// Puts something in, under a name of its own, which it gives.
    pub(crate) async fn put(&self, bytes: &[u8]) -> Result<String, Problem> {
        let name = names::unique();
        let mut rest = bytes;
        self.bucket().await?.put(name.as_str(), &mut rest).await?;
        Ok(name)
    }

    /// Fetches what is there under that name. It stays.
    ///
    /// Each chunk is asked for: the reader that async-nats has for objects waits for ever for one that is gone, and panics
    /// if the server does not answer.
    pub(crate) async fn fetch(&self, name: &str) -> Result<Vec<u8>, Problem> {
        let info = self.bucket().await?.info(name).await?;
        if info.deleted {
            return Err("it was removed".into());
        }
        let stream = self.context.get_stream_no_info(names::BUCKET_STREAM).await?;
        let (mut bytes, mut next) = (Vec::new(), None);
        while bytes.len() < info.size {
            let chunk = stream.direct_get_next_for_subject(names::chunks(&info.nuid), next).await?;
            bytes.extend_from_slice(&chunk.payload);
            next = Some(chunk.sequence + 1);
        }
        Ok(bytes)
    }

    /// Removes it. If that does not succeed, its age will.
    pub(crate) async fn remove(&self, name: &str) {
        if let Ok(bucket) = self.bucket().await {
            let _ = bucket.delete(name).await;
        }
    }

    async fn bucket(&self) -> Result<ObjectStore, Problem> {
        if let Ok(bucket) = self.context.get_object_store(names::BUCKET).await {
            return Ok(bucket);
        }
        let config = Config {
            bucket: names::BUCKET.to_owned(),
            max_age: MAX_AGE,
            num_replicas: 1,
            ..Config::default()
        };
        Ok(self.context.create_object_store(config).await?)
    }
}
