//! A runner's side of the protocol.

use std::io::{self, BufRead, Write};

use crate::measure::protocol::{Outcome, Reply, Request, Rounds};
use crate::measure::trouble::Missing;
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
    let mut replies = io::stdout();
    match how.prepare(&task) {
        Ok(rounds) => answer(io::stdin().lock(), replies, rounds),
        Err(error) if error.is::<Missing>() => {
            say(&mut replies, &Reply::Missing { reason: error.to_string() })
        }
        Err(error) => say(&mut replies, &Reply::Failed { reason: error.to_string() }),
    }
}

fn find(workload: &str, contender: &str) -> Option<&'static How> {
    let workload = workload::ALL.iter().find(|one| one.name == workload)?;
    Some(&workload.contenders.iter().find(|one| one.id == contender)?.how)
}

fn answer(requests: impl BufRead, mut replies: impl Write, mut rounds: Rounds) -> Outcome<()> {
    say(&mut replies, &Reply::Ready { version: None })?;
    for line in requests.lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
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
        let requests = "{\"amount\":3}\n{\"amount\":0}\n{\"amount\":5}\n\n{}\n";
        let mut said = Vec::new();
        let rounds = Box::new(|amount| match amount {
            0 => Err("nothing to do".into()),
            amount => Ok(Round { cost: 0.5, answer: amount * 2, seen: None, tail: None }),
        });
        answer(requests.as_bytes(), &mut said, rounds).unwrap();

        let said = String::from_utf8(said).unwrap();
        let replies: Vec<Reply> =
            said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let done = |answer| Reply::Done(Round { cost: 0.5, answer, seen: None, tail: None });
        let failed = Reply::Failed { reason: "nothing to do".to_owned() };
        assert_eq!(replies, [Reply::Ready { version: None }, done(6), failed, done(10)]);
    }
}
