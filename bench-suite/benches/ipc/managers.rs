//! One call of a managed dict.

use ipc::Manager;
use proc_spawn::{Process, Thread};

use crate::values::script;
use crate::{Outcome, Work, timed};

/// Sets values of a dict that a server in a process, or on a thread, holds.
fn dict_set(manager: Manager) -> Outcome<Work> {
    let dict = manager.dict::<u32, u32>()?;
    Ok(Box::new(move |times| {
        // It ends with the last round.
        let _manager = &manager;
        timed(|| {
            for number in 0..times as u32 {
                dict.insert(number % 100, number)?;
            }
            Ok(())
        })
    }))
}

/// A type with code of its own, for all that the server knows: a call of it costs a change of threads.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
struct Own(u32);

/// The same with values of such a type.
fn dict_set_own(manager: Manager) -> Outcome<Work> {
    let dict = manager.dict::<u32, Own>()?;
    Ok(Box::new(move |times| {
        let _manager = &manager;
        timed(|| {
            for number in 0..times as u32 {
                dict.insert(number % 100, Own(number))?;
            }
            Ok(())
        })
    }))
}

/// The same with a function of the user's that runs at the server.
fn dict_update(manager: Manager) -> Outcome<Work> {
    let dict = manager.dict::<u32, u32>()?;
    Ok(Box::new(move |times| {
        let _manager = &manager;
        timed(|| {
            for number in 0..times as u32 {
                dict.update_value(number % 100, 0, |value| *value += 1)?;
            }
            Ok(())
        })
    }))
}

const PYTHON: &str = "
import multiprocessing as mp, time, sys
if __name__ == '__main__':
    with mp.Manager() as manager:
        d = manager.dict()
        d[0] = 0
        t = time.perf_counter_ns()
        for i in range(int(sys.argv[1])): d[i % 100] = i
        print(time.perf_counter_ns() - t)
";

/// What there is to compare: ours, and Python's if there is one.
pub(crate) fn contenders() -> Outcome<Vec<(&'static str, Work, u64)>> {
    let mut contenders = vec![
        ("dict set", dict_set(Manager::start::<Process>()?)?, 20_000),
        ("on a thread", dict_set(Manager::start::<Thread>()?)?, 20_000),
        ("own type", dict_set_own(Manager::start::<Process>()?)?, 20_000),
        ("dict update", dict_update(Manager::start::<Process>()?)?, 20_000),
    ];
    contenders.extend(script(PYTHON).map(|python| ("Python's set", python, 5_000)));
    Ok(contenders)
}
