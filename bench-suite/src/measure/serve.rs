//! A runner's side of the protocol.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

use crate::measure::protocol::{Outcome, Reply, Request, Rounds};
use crate::measure::scratch;
use crate::measure::trouble::Missing;
use crate::peer::sys::group;
use crate::workload::{self, How};

/// Does rounds for the suite until it wants no more.
///
/// `arguments` are the names of the workload and the contender, and the task.
pub(crate) fn serve(arguments: &[String]) -> Outcome<()> {
    let [workload, contender, task] = arguments else {
        return Err("a runner is told a workload, a contender and a task".into());
    };
    let how = find(workload, contender).ok_or("there is no such contender")?;
    let task = serde_json::from_str(task)?;
    let (requests, listener) = listen();
    let mut replies = io::stdout();
    let outcome = match how.prepare(&task) {
        Ok(rounds) => answer(requests, replies, rounds),
        Err(error) if error.is::<Missing>() => {
            say(&mut replies, &Reply::Missing { reason: error.to_string() })
        }
        Err(error) => say(&mut replies, &Reply::Failed { reason: error.to_string() }),
    };
    let is_gone = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if outcome.as_ref().is_err_and(|error| error.downcast_ref().is_some_and(is_gone)) {
        // So is the other end of the input, and there it is seen to.
        let _ = listener.join();
    }
    outcome
}

/// What the suite asks for, until it wants no more. It is read beside the rounds: if the suite is gone, this process
/// ends at once with all that it has started, since a round may hang and nobody else would end it.
fn listen() -> (Receiver<String>, JoinHandle<()>) {
    let (sender, requests) = mpsc::channel();
    let listener = thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if line.is_empty() || sender.send(line).is_err() {
                return;
            }
        }
        scratch::remove();
        group::end();
    });
    (requests, listener)
}

fn find(workload: &str, contender: &str) -> Option<&'static How> {
    let workload = workload::ALL.iter().find(|one| one.name == workload)?;
    Some(&workload.contenders.iter().find(|one| one.id == contender)?.how)
}

fn answer(
    requests: impl IntoIterator<Item = String>,
    mut replies: impl Write,
    mut rounds: Rounds,
) -> Outcome<()> {
    say(&mut replies, &Reply::Ready { version: None })?;
    for line in requests {
        let Request { amount } = serde_json::from_str(&line)?;
        let reply = match rounds(amount) {
            Ok(round) => Reply::Done(round),
            Err(error) => Reply::Failed { reason: error.to_string() },
        };
        say(&mut replies, &reply)?;
    }
    Ok(())
}

fn say(replies: &mut impl Write, reply: &Reply) -> Outcome<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    replies.write_all(&line)?;
    Ok(replies.flush()?)
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::measure::protocol::{Reply, Round};

    #[test]
    fn each_request_gets_its_answer_and_a_failure_does_not_end_the_runner() {
        let requests = [3, 0, 5].map(|amount| format!("{{\"amount\":{amount}}}"));
        let mut said = Vec::new();
        let rounds = Box::new(|amount| match amount {
            0 => Err("nothing to do".into()),
            amount => Ok(Round { cost: 0.5, answer: amount * 2, seen: None, tail: None }),
        });
        answer(requests, &mut said, rounds).unwrap();

        let said = String::from_utf8(said).unwrap();
        let replies: Vec<Reply> =
            said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let done = |answer| Reply::Done(Round { cost: 0.5, answer, seen: None, tail: None });
        let failed = Reply::Failed { reason: "nothing to do".to_owned() };
        assert_eq!(replies, [Reply::Ready { version: None }, done(6), failed, done(10)]);
    }
}
