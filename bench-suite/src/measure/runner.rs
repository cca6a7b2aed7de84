//! The suite's side of the protocol: one contender in its process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::measure::last_words::LastWords;
use crate::measure::protocol::{Reply, Request, Round};
use crate::measure::trouble::Trouble;
use crate::peer::sys::group;

/// A process that measures one contender, with whatever processes it starts.
#[derive(Debug)]
pub(crate) struct Runner {
    child: Child,
    requests: ChildStdin,
    replies: Receiver<String>,
    last_words: LastWords,
}

/// What was heard instead of an answer.
#[derive(Debug)]
enum Silence {
    Nothing { after: Duration, during: &'static str },
    Closed,
    Nonsense(String),
}

impl Runner {
    /// Starts a runner; gives the version that it tells.
    pub(crate) fn start(
        mut command: Command,
        limit: Duration,
    ) -> Result<(Runner, Option<String>), Trouble> {
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        group::lead(&mut command);
        let mut child = command.spawn().map_err(|error| Trouble::not_started(&program, &error))?;
        let (Some(requests), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Trouble::Failed("its streams were not opened".to_owned()));
        };
        let (sender, replies) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let runner = Runner { child, requests, replies, last_words: LastWords::of(stderr) };
        match runner.hear(limit, "of starting") {
            Ok(Reply::Ready { version }) => Ok((runner, version)),
            reply => Err(runner.condemn(reply, limit)),
        }
    }

    /// Has a round done. A runner that is in trouble is gone.
    pub(crate) fn round(
        mut self,
        amount: u64,
        limit: Duration,
    ) -> Result<(Runner, Round), Trouble> {
        match self.ask(amount).and_then(|()| self.hear(limit, "in a round")) {
            Ok(Reply::Done(round)) => Ok((self, round)),
            reply => Err(self.condemn(reply, limit)),
        }
    }

    /// Tells it to end, and waits until it has and nobody holds its output any more: a process that
    /// it left behind would.
    pub(crate) fn dismiss(self, limit: Duration) -> Result<(), Trouble> {
        let Runner { mut child, mut requests, replies, last_words } = self;
        // What became of one that does not read shows below.
        let _ = requests.write_all(b"\n");
        drop(requests);
        let trouble = match replies.recv_timeout(limit) {
            Err(RecvTimeoutError::Disconnected) if group::has_ended(&child, limit) => {
                return match child.wait() {
                    Ok(status) if status.success() => Ok(()),
                    status => Err(Trouble::died(status, &last_words.hear())),
                };
            }
            Err(_) => Trouble::Hung { after: limit, during: "of ending" },
            Ok(line) => Trouble::Failed(format!("it said {line:?} when it was to end")),
        };
        // How it ends now is of no interest beside that.
        let _ = group::kill(&mut child);
        Err(trouble)
    }

    fn ask(&mut self, amount: u64) -> Result<(), Silence> {
        let mut line = serde_json::to_vec(&Request { amount }).map_err(|_| Silence::Closed)?;
        line.push(b'\n');
        // A runner that does not read is gone.
        self.requests.write_all(&line).map_err(|_| Silence::Closed)
    }

    fn hear(&self, limit: Duration, during: &'static str) -> Result<Reply, Silence> {
        match self.replies.recv_timeout(limit) {
            Ok(line) => serde_json::from_str(&line).map_err(|_| Silence::Nonsense(line)),
            Err(RecvTimeoutError::Timeout) => Err(Silence::Nothing { after: limit, during }),
            Err(RecvTimeoutError::Disconnected) => Err(Silence::Closed),
        }
    }

    /// Ends it, with whatever it has started, for what it said or did not say.
    fn condemn(mut self, reply: Result<Reply, Silence>, limit: Duration) -> Trouble {
        // What has closed its output is about to end, and should be seen to. It may also have died
        // and left a process that holds its output open.
        let patience = if matches!(reply, Err(Silence::Closed)) { limit } else { Duration::ZERO };
        let has_ended = group::has_ended(&self.child, patience);
        let status = group::kill(&mut self.child);
        match reply {
            Err(Silence::Nothing { .. } | Silence::Closed) if has_ended => {
                Trouble::died(status, &self.last_words.hear())
            }
            Err(Silence::Nothing { after, during }) => Trouble::Hung { after, during },
            Err(Silence::Closed) => Trouble::Failed("it closed its output".to_owned()),
            Err(Silence::Nonsense(line)) => {
                Trouble::Failed(format!("it said {line:?}, which is no answer"))
            }
            Ok(Reply::Missing { reason }) => Trouble::Missing(reason),
            Ok(Reply::Failed { reason }) => Trouble::Failed(reason),
            Ok(Reply::Ready { .. } | Reply::Done(_)) => {
                Trouble::Failed("it said what it was not asked".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::Runner;
    use crate::measure::trouble::Trouble;

    const LONG: Duration = Duration::from_secs(60);
    const READY: &str = r#"echo '{"ready":{"version":"1.2"}}';"#;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        command
    }

    fn started(script: &str) -> Runner {
        let (runner, version) = Runner::start(shell(&format!("{READY} {script}")), LONG).unwrap();
        assert_eq!(version.as_deref(), Some("1.2"));
        runner
    }

    #[test]
    fn a_runner_that_answers_is_heard_and_dismissed() {
        let answer =
            r#"while read line && [ $line ]; do echo '{"done":{"cost":0.5,"answer":7}}'; done"#;
        let (runner, round) = started(answer).round(1, LONG).unwrap();
        assert_eq!((round.cost, round.answer, round.seen), (0.5, 7, None));
        runner.dismiss(LONG).unwrap();
    }

    #[test]
    fn a_program_that_is_not_there_is_missing() {
        let trouble = Runner::start(Command::new("/nowhere/python3"), LONG).unwrap_err();
        assert_eq!(trouble.to_string(), "missing: there is no /nowhere/python3");
        let says = r#"echo '{"missing":{"reason":"no module named x"}}'"#;
        let trouble = Runner::start(shell(says), LONG).unwrap_err();
        assert_eq!(trouble.to_string(), "missing: no module named x");
    }

    #[test]
    fn a_runner_that_hangs_is_killed_with_the_processes_that_it_started() {
        let start = Instant::now();
        // The one in the background holds the output open, so that its end is seen.
        let runner = started("sleep 1000 & read line; sleep 1000");
        let after = Duration::from_millis(50);
        let trouble = runner.round(1, after).unwrap_err();
        assert_eq!(trouble, Trouble::Hung { after, during: "in a round" });
        assert!(start.elapsed() < LONG);
    }

    #[test]
    fn a_runner_that_dies_is_reported_with_how_and_its_last_words() {
        let trouble = started("read line; echo oh dear >&2; exit 3").round(1, LONG).unwrap_err();
        assert_eq!(trouble.to_string(), "died: exit status: 3, after \"oh dear\"");
        let trouble = started("read line; kill -SEGV $$").round(1, LONG).unwrap_err();
        let crashed = matches!(&trouble, Trouble::Died { crashed: true, .. });
        assert!(crashed, "{trouble}");
    }

    #[test]
    fn a_runner_that_leaves_a_process_behind_has_not_ended() {
        let after = Duration::from_millis(50);
        let trouble = started("sleep 1000 & read line").dismiss(after).unwrap_err();
        assert_eq!(trouble, Trouble::Hung { after, during: "of ending" });
    }

    #[test]
    fn nonsense_is_no_answer() {
        let trouble = started("read line; echo 42; read line").round(1, LONG).unwrap_err();
        assert_eq!(trouble.to_string(), "failed: it said \"42\", which is no answer");
    }
}
