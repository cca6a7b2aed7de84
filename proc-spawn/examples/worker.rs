//! A task that is a value, on a thread and on a process.

use proc_spawn::{Failure, Join, Process, Run, Spawn, Thread, current};
use serde::{Deserialize, Serialize};

/// Counts how often each letter occurs in a text.
#[derive(Clone, Serialize, Deserialize)]
struct CountLetters {
    text: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Count {
    /// The process that counted.
    by: String,
    /// The three most frequent letters.
    most_frequent: Vec<(char, usize)>,
}

impl Run for CountLetters {
    type Output = Count;

    fn run(self) -> Count {
        let letters = || self.text.chars().filter(char::is_ascii_lowercase);
        let mut counts: Vec<_> = ('a'..='z')
            .map(|letter| (letter, letters().filter(|&other| other == letter).count()))
            .collect();
        // A stable sort: equals stay in the order of the alphabet.
        counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        counts.truncate(3);
        Count { by: current().name().to_owned(), most_frequent: counts }
    }
}

fn count_on<W: Spawn>(task: CountLetters) -> Result<Count, Failure> {
    let worker = W::start(task)?;
    println!("started {}", worker.name());
    Ok(worker.join()?)
}

#[proc_spawn::main]
fn main() -> Result<(), Failure> {
    let text = "the quick brown fox jumps over the lazy dog and eats the other one".to_owned();
    let task = CountLetters { text };

    let on_thread = count_on::<Thread>(task.clone())?;
    println!("a thread of {} counted {:?}", on_thread.by, on_thread.most_frequent);
    let on_process = count_on::<Process>(task)?;
    println!("the process {} counted {:?}", on_process.by, on_process.most_frequent);

    if on_thread.most_frequent != on_process.most_frequent {
        return Err(Failure::new("the two differ"));
    }
    println!("both agree");
    Ok(())
}
