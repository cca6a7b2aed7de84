//! What the work is like.

use std::io::{BufRead, Write};
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::measure::Outcome;

/// What the user says of the work; what is not said is asked for, or assumed.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Answers {
    /// How much of its time a task computes, in percent; the rest it waits for files, the network or others [50]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) cpu: Option<u8>,

    /// How long one task takes, in milliseconds [10]
    #[arg(long, value_name = "MS", value_parser = positive)]
    pub(crate) task_ms: Option<f64>,

    /// How large the argument and the result of one task are together, in KiB [1]
    #[arg(long, value_name = "KIB", value_parser = positive)]
    pub(crate) payload_kib: Option<f64>,

    /// What the tasks share while they run [nothing]
    #[arg(long, value_enum)]
    pub(crate) sharing: Option<Sharing>,

    /// How many exchange messages with each other, beside tasks and results [0]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) participants: Option<u32>,

    /// Whether a task may crash, has to be killed when it takes too long, or is code that is not thread-safe [no]
    #[arg(long, value_enum)]
    pub(crate) isolation: Option<Answer>,

    /// Whether a task's memory has to be limited [no]
    #[arg(long, value_enum)]
    pub(crate) memory_limit: Option<Answer>,

    /// On how many machines it is to run [1]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) machines: Option<u32>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answer {
    Yes,
    No,
}

/// What tasks share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sharing {
    /// Nothing but arguments and results
    Nothing,
    /// A counter, a flag, a few numbers
    Values,
    /// Arrays that are too large to copy
    Arrays,
    /// Dictionaries, lists, objects with methods
    Objects,
}

/// What the tree decides by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Needs {
    /// From 0 to 1.
    pub(crate) cpu: f64,
    pub(crate) task: Duration,
    /// In bytes.
    pub(crate) payload: u64,
    pub(crate) sharing: Sharing,
    pub(crate) participants: u32,
    pub(crate) isolation: bool,
    pub(crate) memory_limit: bool,
    pub(crate) machines: u32,
}

impl Answers {
    /// With what was not said as the help says that it is taken.
    pub(crate) fn needs(&self) -> Needs {
        let yes = |answer: Option<Answer>| answer == Some(Answer::Yes);
        Needs {
            cpu: f64::from(self.cpu.unwrap_or(50)) / 100.0,
            task: Duration::from_secs_f64(self.task_ms.unwrap_or(10.0) / 1e3),
            payload: (self.payload_kib.unwrap_or(1.0) * 1024.0) as u64,
            sharing: self.sharing.unwrap_or(Sharing::Nothing),
            participants: self.participants.unwrap_or(0),
            isolation: yes(self.isolation),
            memory_limit: yes(self.memory_limit),
            machines: self.machines.unwrap_or(1),
        }
    }

    /// Asks for what was not said; an empty line leaves it at that.
    pub(crate) fn ask(&mut self, input: &mut impl BufRead, output: &mut impl Write) -> Outcome<()> {
        let command = Self::augment_args(clap::Command::new("answer"));
        for argument in command.get_arguments() {
            let Some(long) = argument.get_long() else { continue };
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let values: Vec<_> = argument
                .get_possible_values()
                .iter()
                .map(|value| value.get_name().to_owned())
                .collect();
            let choice =
                if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
            while !self.is_answered(long) {
                write!(output, "{help}{choice}: ")?;
                output.flush()?;
                let mut line = String::new();
                if input.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                if line.trim().is_empty() {
                    break;
                }
                match parsed(long, line.trim()) {
                    Ok(answer) => self.take(answer),
                    Err(error) => writeln!(output, "{}", first_line(&error.to_string()))?,
                }
            }
        }
        Ok(())
    }

    fn is_answered(&self, long: &str) -> bool {
        match long {
            "cpu" => self.cpu.is_some(),
            "task-ms" => self.task_ms.is_some(),
            "payload-kib" => self.payload_kib.is_some(),
            "sharing" => self.sharing.is_some(),
            "participants" => self.participants.is_some(),
            "isolation" => self.isolation.is_some(),
            "memory-limit" => self.memory_limit.is_some(),
            "machines" => self.machines.is_some(),
            _ => true,
        }
    }

    /// Adds what the other one says.
    fn take(&mut self, other: Answers) {
        self.cpu = self.cpu.or(other.cpu);
        self.task_ms = self.task_ms.or(other.task_ms);
        self.payload_kib = self.payload_kib.or(other.payload_kib);
        self.sharing = self.sharing.or(other.sharing);
        self.participants = self.participants.or(other.participants);
        self.isolation = self.isolation.or(other.isolation);
        self.memory_limit = self.memory_limit.or(other.memory_limit);
        self.machines = self.machines.or(other.machines);
    }
}

/// One answer, by the rules of the command line.
fn parsed(long: &str, answer: &str) -> Result<Answers, clap::Error> {
    use clap::FromArgMatches;
    let command = Answers::augment_args(clap::Command::new("answer").no_binary_name(true));
    let matches = command.try_get_matches_from([format!("--{long}={answer}")])?;
    Answers::from_arg_matches(&matches)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// A number that is not negative.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && (0.0..=1e12).contains(&number) => Ok(number),
        _ => Err("a number from 0 to 1e12 is wanted".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Answer, Answers, Needs, Sharing};

    fn asked(mut answers: Answers, lines: &str) -> (Answers, String) {
        let mut output = Vec::new();
        answers.ask(&mut lines.as_bytes(), &mut output).unwrap();
        (answers, String::from_utf8(output).unwrap())
    }

    #[test]
    fn what_is_not_said_is_asked_for_and_nothing_else() {
        let given = Answers { cpu: Some(90), machines: Some(1), ..Answers::default() };
        let (answers, output) = asked(given, "2.5\n\narrays\n3\nyes\nno\n");
        assert_eq!(answers.cpu, Some(90));
        assert_eq!((answers.task_ms, answers.payload_kib), (Some(2.5), None));
        assert_eq!(answers.sharing, Some(Sharing::Arrays));
        assert_eq!(
            (answers.isolation, answers.memory_limit),
            (Some(Answer::Yes), Some(Answer::No))
        );
        assert!(!output.contains("percent") && !output.contains("machines"), "{output}");
        assert!(output.contains("(nothing, values, arrays, objects): "), "{output}");
    }

    #[test]
    fn nonsense_is_refused_and_asked_for_again() {
        let (answers, output) = asked(Answers::default(), "200\n20\n");
        assert_eq!(answers.cpu, Some(20));
        assert_eq!(output.matches("percent").count(), 2, "{output}");
        assert!(output.contains("200 is not in 0..=100"), "{output}");
    }

    #[test]
    fn without_an_answer_it_is_as_the_help_says() {
        let needs = Answers::default().needs();
        let expected = Needs {
            cpu: 0.5,
            task: Duration::from_millis(10),
            payload: 1024,
            sharing: Sharing::Nothing,
            participants: 0,
            isolation: false,
            memory_limit: false,
            machines: 1,
        };
        assert_eq!(needs, expected);
    }
}
