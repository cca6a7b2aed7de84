//! The suite's side of the protocol: one contender in its process.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::measure::last_words::LastWords;
use crate::measure::protocol::{Reply, Request, Round};
use crate::measure::trouble::Trouble;
use crate::peer::sys::group::Group;

/// A process that measures one contender, with whatever processes it starts.
#[derive(Debug)]
pub(crate) struct Runner {
    group: Group,
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
        let mut group =
            Group::start(&mut command).map_err(|error| Trouble::not_started(&program, &error))?;
        let leader = &mut group.leader;
        let (Some(requests), Some(stdout), Some(stderr)) =
            (leader.stdin.take(), leader.stdout.take(), leader.stderr.take())
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
        let runner = Runner { group, requests, replies, last_words: LastWords::of(stderr) };
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
        let Runner { mut group, mut requests, replies, last_words } = self;
        // What became of one that does not read shows below.
        let _ = requests.write_all(b"\n");
        drop(requests);
        let trouble = match replies.recv_timeout(limit) {
            Err(RecvTimeoutError::Disconnected) if group.has_ended(limit) => {
                return match group.leader.wait() {
                    Ok(status) if status.success() => Ok(()),
                    status => Err(Trouble::died(status, &last_words.hear())),
                };
            }
            Err(_) => Trouble::Hung { after: limit, during: "of ending" },
            Ok(line) => Trouble::Failed(format!("it said {line:?} when it was to end")),
        };
        // How it ends now is of no interest beside that.
        let _ = group.kill();
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
        let has_ended = self.group.has_ended(patience);
        let status = self.group.kill();
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
