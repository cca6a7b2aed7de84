//! What things are called on the server.

use ipc::entry;
use pool::TaskKey;

/// The stream of all tasks.
pub(crate) const STREAM: &str = "TANDEM_TASKS";
/// What it takes in.
pub(crate) const ALL_TASKS: &str = "tandem.tasks.>";
/// The bucket of what is too large for a message.
pub(crate) const BUCKET: &str = "tandem";
/// The stream that the server keeps it in.
pub(crate) const BUCKET_STREAM: &str = "OBJ_tandem";

/// The build of this program, fit to be a part of a subject.
pub(crate) fn build() -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    entry::build().chars().map(fit).collect()
}

/// A name that nobody else has, for a submitter or an agent.
pub(crate) fn unique() -> String {
    hex(TaskKey::unique())
}

/// A task's key, fit to be a part of a subject.
pub(crate) fn hex(key: TaskKey) -> String {
    format!("{:032x}", key.value())
}

/// The key that [`hex`] has written.
pub(crate) fn key(hex: &str) -> Option<TaskKey> {
    u128::from_str_radix(hex, 16).ok().map(TaskKey::new)
}

/// Where a submitter's tasks go. Agents of another build never see them.
pub(crate) fn tasks(build: &str, submitter: &str) -> String {
    format!("tandem.tasks.{build}.{submitter}")
}

/// Whose task it is.
pub(crate) fn submitter(subject: &str) -> Option<&str> {
    subject.strip_prefix("tandem.tasks.")?.split_once('.').map(|(_, submitter)| submitter)
}

/// The consumer that all agents of a build share.
pub(crate) fn consumer(build: &str) -> String {
    format!("agents_{build}")
}

/// What a submitter is told, answers above all.
pub(crate) fn to(submitter: &str, what: &str) -> String {
    format!("tandem.to.{submitter}.{what}")
}

/// An agent has this task of a submitter's.
pub(crate) fn held(submitter: &str, key: TaskKey) -> String {
    to(submitter, &format!("held.{}", hex(key)))
}

/// What is said to all of a build.
pub(crate) fn all(build: &str) -> String {
    format!("tandem.all.{build}")
}

/// The last part of a subject.
pub(crate) fn last(subject: &str) -> &str {
    subject.rsplit('.').next().unwrap_or_default()
}

/// Where the server is asked for the next tasks.
pub(crate) fn next_tasks(build: &str) -> String {
    format!("$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{}", consumer(build))
}

/// Where the server is asked for one message of the stream.
pub(crate) fn message_get() -> String {
    format!("$JS.API.STREAM.MSG.GET.{STREAM}")
}

/// Where the server is told to delete one.
pub(crate) fn message_delete() -> String {
    format!("$JS.API.STREAM.MSG.DELETE.{STREAM}")
}

/// Where it is acknowledged that the stream has no task under this number any more.
pub(crate) fn ack(build: &str, sequence: u64) -> String {
    format!("$JS.ACK.{STREAM}.{}.1.{sequence}.0.0.0", consumer(build))
}

/// Where the chunks of an object are.
pub(crate) fn chunks(nuid: &str) -> String {
    format!("$O.{BUCKET}.C.{nuid}")
}

/// How often a task has been delivered, and under which number the stream has it: the subject of its acknowledgement
/// says so.
pub(crate) fn delivery(ack: &str) -> Option<(u32, u64)> {
    let parts: Vec<_> = ack.strip_prefix("$JS.ACK.")?.split('.').collect();
    // Newer servers put the domain and the account before the stream.
    let first = if parts.len() > 7 { 4 } else { 2 };
    Some((parts.get(first)?.parse().ok()?, parts.get(first + 1)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use pool::TaskKey;

    use super::{ack, delivery, hex, key, last, submitter, tasks, to};

    #[test]
    fn names_lead_back_to_what_they_are_made_of() {
        assert_eq!(submitter(&tasks("b1", "s1")), Some("s1"));
        assert_eq!(last(&to("s1", "taken.7")), "7");
        let it = TaskKey::new(77 << 64 | 5);
        assert_eq!(key(&hex(it)), Some(it));
    }

    #[test]
    fn the_acknowledgement_says_how_often_a_task_was_delivered() {
        let old = "$JS.ACK.TANDEM_TASKS.agents_b.3.17.4.1700000000000000000.0";
        let new = "$JS.ACK._.hash.TANDEM_TASKS.agents_b.3.17.4.1700000000000000000.0.token";
        assert_eq!(delivery(old), Some((3, 17)));
        assert_eq!(delivery(new), Some((3, 17)));
        assert_eq!(delivery("elsewhere"), None);
        assert_eq!(delivery(&ack("b", 17)), Some((1, 17)));
    }
}
