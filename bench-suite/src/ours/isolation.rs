//! What `Thread` shares and `Process` does not.

use std::sync::{Mutex, MutexGuard, PoisonError};

use proc_spawn::{Join, JoinError, Process, Spawn, Thread};

use crate::measure::{Outcome, Round, Rounds, Task};
use crate::peer::sys::crash;

static LIST: Mutex<Vec<u64>> = Mutex::new(Vec::new());

fn list() -> MutexGuard<'static, Vec<u64>> {
    LIST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives how many items this one sees.
fn append(item: u64) -> u64 {
    let mut list = list();
    list.push(item);
    list.len() as u64
}

/// Gives how many items the parent sees, and the most that one of the others did.
fn append_all<W: Spawn>(amount: u64) -> Outcome<(u64, u64)> {
    list().clear();
    let others = (0..amount).map(|item| W::spawn(append, item)).collect::<Result<Vec<_>, _>>()?;
    let seen = others.into_iter().map(Join::join).collect::<Result<Vec<_>, _>>()?;
    Ok((list().len() as u64, seen.into_iter().max().unwrap_or_default()))
}

pub(crate) fn threads_share(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let (seen, _) = append_all::<Thread>(amount)?;
        let text = format!("{amount} threads appended an item each, the parent sees {seen}");
        Ok(Round::fact(u64::from(seen == amount), text))
    }))
}

pub(crate) fn processes_share_not(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|amount| {
        let (seen, most) = append_all::<Process>(amount)?;
        let text = format!(
            "{amount} processes appended an item each and saw {most}, the parent sees {seen}"
        );
        Ok(Round::fact(u64::from(seen == 0 && most == 1), text))
    }))
}

/// There is no answer to this: the program dies with its thread.
pub(crate) fn thread_crashes(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|_| {
        Thread::spawn(crash::now, ())?.join()?;
        Ok(Round::fact(0, "the program survived"))
    }))
}

pub(crate) fn process_crashes(_: &Task) -> Outcome<Rounds> {
    Ok(Box::new(|_| {
        let child = Process::spawn(crash::now, ())?;
        let (signal, crashed) = match child.join() {
            Err(error @ JoinError::Crashed { signal, .. }) => (signal, error),
            other => return Err(format!("the child ended otherwise: {other:?}").into()),
        };
        let next = Process::spawn(append, 0)?.join()?;
        let text = format!("{crashed}, the parent went on to the next");
        Ok(Round::fact(u64::from(crash::is_of_one(signal) && next == 1), text))
    }))
}
