//! How a child comes by its function and its arguments, and its parent by the outcome.
//!
//! The parent encodes one message, {name of the entry, lineage, sender for the outcome, arguments},
//! gives it to the place that `ipc` keeps for the child, and starts the child with the hand-over.
//! The entry is a function of this crate, made for just these types, that decodes the rest of the
//! message. The outcome comes back through a channel that has room for it, so the child never waits
//! for its parent.

use std::ffi::OsString;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use ipc::entry::{self, Entry, EntryName};
use ipc::parcel::Parcel;
use ipc::rendezvous::{Invitation, Refusal};
use ipc::{DecodeError, InheritedKey, Receiver, RecvError, Shared};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::arrival::{self, Entrance};
use crate::builder::Builder;
use crate::call::Call;
use crate::children::{Child, OnEnd};
use crate::error::{JoinError, SpawnError};
use crate::panic::Panic;
use crate::portable::CapturesNothing;
use crate::process::Process;
use crate::settings::Limits;
use crate::start_method::StartMethod;
use crate::stdio::Streams;
use crate::sys::end::{Ending, Reference, ending};
use crate::sys::fate::Fate;
use crate::sys::forkserver;
use crate::sys::start::{self, Start};
use crate::tail::Tail;
use crate::{exit, guard, identity, logs, start_method};

/// What a child is told first: everything that does not depend on the types of its function.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Preamble {
    pub(crate) entry: EntryName,
    pub(crate) lineage: Vec<u32>,
    /// The name of the process that starts it.
    pub(crate) parent: String,
    pub(crate) ignore_interrupt: bool,
    pub(crate) limits: Limits,
    /// How it starts others.
    pub(crate) start_method: StartMethod,
    /// All of its environment, if it is not started with that.
    pub(crate) environment: Option<Vec<(OsString, OsString)>>,
    /// Becomes 1 when the child is refused memory and dies of it; there if it has such a limit.
    pub(crate) refused_memory: Option<Shared<AtomicU32>>,
    /// Where its log records go.
    pub(crate) log: Option<logs::Line>,
    pub(crate) authkey: InheritedKey,
}

/// What a child says of its function: first that it begins, then how it ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Word<R> {
    /// The child has come to its guard.
    Begun,
    Over(Outcome<R>),
}

/// How a child's function ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Outcome<R> {
    Returned(R),
    Panicked(Panic),
    /// It was not called.
    NoArguments(DecodeError),
    /// It has returned, but nobody else can be told what.
    NoResult(String),
}

/// As many as a child ever says: it never waits for its parent to listen.
pub(crate) const WORDS: usize = 2;

impl<R> From<Outcome<R>> for Result<R, JoinError> {
    fn from(outcome: Outcome<R>) -> Self {
        match outcome {
            Outcome::Returned(result) => Ok(result),
            Outcome::Panicked(panic) => Err(JoinError::Panicked(panic)),
            Outcome::NoArguments(error) => Err(JoinError::Arguments(error)),
            Outcome::NoResult(problem) => Err(JoinError::Encode(problem)),
        }
    }
}

/// The entry of `F`.
pub(crate) struct Function<F, A, M>(PhantomData<(F, A, M)>);

impl<F, A, M> Entry for Function<F, A, M>
where
    F: Call<A, M> + CapturesNothing,
    F::Output: Serialize + DeserializeOwned + 'static,
    A: DeserializeOwned + 'static,
    M: 'static,
{
    type Signature = Entrance;
    const POINTER: Entrance = arrival::enter::<F, A, M>;
}

/// The parent's end of the channel.
pub(crate) struct Link<R> {
    words: Receiver<Word<R>>,
    memory: Option<Memory>,
    /// The last lines of its standard error.
    tail: Option<Arc<Tail>>,
}

/// The memory that a child may have.
struct Memory {
    limit: u64,
    /// 1 if it was refused more and died of it.
    refused: Shared<AtomicU32>,
}

/// What the parent has of a child that was started.
pub(crate) struct Launched<R> {
    pub(crate) child: Arc<Child>,
    pub(crate) link: Link<R>,
}

/// Starts a child.
pub(crate) fn launch<F, A, M>(
    builder: Builder<Process>,
    _f: F,
    args: A,
) -> Result<Launched<F::Output>, SpawnError>
where
    F: Call<A, M> + CapturesNothing,
    F::Output: Serialize + DeserializeOwned + 'static,
    A: Serialize + DeserializeOwned + 'static,
    M: 'static,
{
    guard::check()?;
    let entry = entry::name::<Function<F, A, M>>()?;
    let Builder { name, daemon, mut own } = builder;
    let lineage = identity::next_lineage()?;
    let name = name.unwrap_or_else(|| identity::default_name(&lineage));
    let daemon = daemon.unwrap_or_else(identity::is_daemon);
    let mut environment = own.environment.apply()?;
    // A fork server makes copies of itself.
    let method = match own.executable {
        Some(_) => StartMethod::Spawn,
        None => own.start_method.unwrap_or_else(start_method),
    };
    let started_without =
        method == StartMethod::ForkServer && !forkserver::has_environment(&environment);
    own.limits.check()?;
    let tail = match own.stderr_lines {
        0 => None,
        lines => Some(Tail::new(lines, &mut own.streams[2])?),
    };
    let streams = Streams::open(own.streams)
        .map_err(SpawnError::system("open the standard streams of a process"))?;

    let (sender, words) = ipc::channel::<Word<F::Output>>(WORDS)
        .map_err(SpawnError::system("make the channel for a process's result"))?;
    let memory_limit = own.limits.memory;
    let refused_memory = memory_limit.map(|_| Shared::new(AtomicU32::new(0)));
    let refused_memory =
        refused_memory.transpose().map_err(SpawnError::system("share memory with a process"))?;
    let preamble = Preamble {
        entry,
        lineage,
        parent: identity::name().to_owned(),
        ignore_interrupt: own.ignore_interrupt,
        limits: own.limits,
        start_method: start_method(),
        environment: started_without.then(|| mem::take(&mut environment)),
        refused_memory: refused_memory.clone(),
        log: logs::line().map_err(SpawnError::system("collect the log records of a process"))?,
        authkey: InheritedKey::from_here()
            .map_err(SpawnError::system("make the key of this program"))?,
    };
    // The sender moves along, so the child's is the only one: once it is gone, no word will come.
    let parcel = Parcel::encode_with((sender, args), |message, (sender, args)| {
        message.put(&preamble)?;
        message.put(sender)?;
        message.put(args)
    })?;
    let invitation = Invitation::new(&name, daemon)
        .map_err(SpawnError::system("find a place for another process"))?;
    invitation.put(parcel).map_err(SpawnError::system("queue the greeting of a process"))?;

    let _exit_waits = exit::hold_off()?;
    let start = Start {
        handover: start::handover(&invitation, daemon),
        image: own.executable.as_deref(),
        streams: streams.theirs(),
        directory: own.directory.as_deref(),
        environment,
        hold_interrupt: own.ignore_interrupt,
    };
    let started = match method {
        StartMethod::Spawn => start::start(start),
        StartMethod::ForkServer => forkserver::start(&start, start_method::preparation),
    };
    let (id, reference) = started.map_err(SpawnError::system(match &own.directory {
        None => "start this program again".to_owned(),
        Some(directory) => format!("start this program again in {}", directory.display()),
    }))?;
    let child = watch(invitation, (id, reference), (name, daemon), own.on_end)?;
    let memory = memory_limit.zip(refused_memory);
    let memory = memory.map(|(limit, refused)| Memory { limit, refused });
    *child.streams() = streams.ours;
    Ok(Launched { child, link: Link { words, memory, tail } })
}

/// Takes down a child that was just started; from here on its end is noticed.
pub(crate) fn watch(
    invitation: Invitation,
    (id, reference): (u32, Reference),
    (name, daemon): (String, bool),
    on_end: Option<OnEnd>,
) -> Result<Arc<Child>, SpawnError> {
    // From here on a failure drops the settler, which ends the child, and only then the invitation:
    // the child's place must not go to another one while it may still take it.
    let (child, settler) = Child::record(id, reference, name, daemon, on_end);
    let guest = match child.another_reference() {
        Ok(reference) => invitation.started(reference, Box::new(move || settler.settle())),
        Err(error) => {
            drop(settler);
            Err(error)
        }
    };
    child.set_guest(guest.map_err(SpawnError::system("watch a process"))?);
    Ok(child)
}

impl<R: DeserializeOwned + 'static> Link<R> {
    /// What comes over the channel alone.
    pub(crate) fn new(words: Receiver<Word<R>>) -> Self {
        Self { words, memory: None, tail: None }
    }

    /// What came of a child that is settled.
    pub(crate) fn conclude(self, child: &Child, fate: Fate) -> Result<R, JoinError> {
        self.outcome(child, fate).map_err(|error| {
            let lines = self.tail.map(|tail| tail.text()).unwrap_or_default();
            let error = Box::new(error);
            if lines.is_empty() { *error } else { JoinError::WithStderr { error, lines } }
        })
    }

    fn outcome(&self, child: &Child, fate: Fate) -> Result<R, JoinError> {
        let mut begun = false;
        loop {
            return match self.words.try_recv() {
                Ok(Word::Begun) => {
                    begun = true;
                    continue;
                }
                Ok(Word::Over(outcome)) => outcome.into(),
                Err(RecvError::Decode(error)) => Err(JoinError::Decode(error)),
                Err(RecvError::Io(error)) => Err(JoinError::Io(error)),
                // The only sender is gone with the child.
                Err(_) => Err(self.memory_limit().unwrap_or_else(|| explain(child, begun, fate))),
            };
        }
    }

    /// The cause of death of a child that was refused memory.
    fn memory_limit(&self) -> Option<JoinError> {
        let Memory { limit, refused } = self.memory.as_ref()?;
        // Relaxed: the child has ended.
        (refused.load(Relaxed) == 1).then_some(JoinError::MemoryLimit { limit: *limit })
    }

    /// Waits until the child has come to its guard, or has ended.
    pub(crate) fn wait_for_begin(&self) {
        // The first word, or that there is none.
        let _ = self.words.recv();
    }
}

/// Why there is no outcome.
fn explain(child: &Child, begun: bool, fate: Fate) -> JoinError {
    match (child.refusal(), fate) {
        (Some(Refusal::OtherBuild { parent, child }), _) => JoinError::OtherBuild { parent, child },
        (Some(Refusal::ThreadsExist { count }), _) => JoinError::ThreadsExist { count },
        (Some(refusal), _) => JoinError::Refused(refusal.to_string()),
        (None, Fate::Unknown) => JoinError::EndUnknown,
        (None, Fate::Ended(status)) => match ending(status) {
            Ending::Signal { signal, core_dumped } => JoinError::Crashed { signal, core_dumped },
            Ending::Code(code) if !begun => JoinError::NotInitialized { code },
            Ending::Code(code) => JoinError::Exited { code },
        },
    }
}
