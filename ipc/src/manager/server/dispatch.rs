//! What a message asks for, and doing it.

use std::sync::Arc;

use super::birth::Birth;
use super::call::{Call, Pending, Visit};
use super::cell::{Cell, Gone, Mail};
use super::core::Core;
use super::crew::{Lead, Outing};
use super::line::{Line, Link, Way};
use super::watch::Watched;
use crate::channel::{Receiver, Sender, Untyped};
use crate::entry::{self, EntryName};
use crate::error::{DecodeError, RecvError};
use crate::listener::Address;
use crate::manager::function::{Client, Conceive, Prepare};
use crate::manager::protocol::{Envelope, Refusal, Request, Status, Welcome};
use crate::message::{Decoder, decode_plain};

/// A function with its arguments, if these are there and that is one.
type Taken<V> = Result<Result<Box<V>, DecodeError>, entry::EntryError>;

/// What is left to do once a message was read.
pub(super) enum Task {
    Nothing,
    LookAfter(Arc<Cell>),
    Create(Arc<Line>, Box<dyn Birth>),
    Serve(Arc<Line>, Address, Vec<u8>),
    Bury(u64),
    TakeLeave(u64),
}

/// What is left to the crew to do by a message of its own.
pub(super) enum Errand {
    /// A request of a client that is not of the program.
    Read(Arc<Line>, Vec<u8>),
    LookAfter(Arc<Cell>),
}

impl Core {
    /// Waits for the next message and deals with it. `false` when none can come any more.
    pub(super) fn serve_one(self: &Arc<Core>, lead: &mut Lead) -> bool {
        let task = self.inbox.recv_with(|decoder| self.read(decoder, lead));
        match task {
            Ok(Task::Nothing) => {}
            Ok(Task::Serve(line, address, key)) => match self.gate.open(self, &address, &key) {
                Ok(address) => line.reply(address),
                Err(error) => line.refuse(error.into()),
            },
            Ok(Task::LookAfter(cell)) => cell.look_after(self, lead),
            Ok(Task::Create(line, birth)) => self.create(&line, birth),
            Ok(Task::Bury(object)) => {
                if let Some(cell) = self.table.take_cell(object) {
                    cell.bring(Mail::End);
                    cell.look_after(self, lead);
                }
            }
            Ok(Task::TakeLeave(link)) => self.take_leave(link, lead),
            Err(RecvError::Disconnected) => return false,
            // Not a message, or none any more: whoever sent it is told by the end of its channel.
            Err(_) => {}
        }
        true
    }

    fn read(
        self: &Arc<Core>,
        decoder: &mut Decoder<'_>,
        lead: &mut Lead,
    ) -> Result<Task, DecodeError> {
        Ok(match decoder.take()? {
            Envelope::Request { line } => match self.table.line(line) {
                Some(line) => self.read_request(line, decoder, lead)?,
                None => Task::Nothing,
            },
            Envelope::Open { pid } => {
                let (pulse, replies) = (decoder.take::<Receiver<()>>()?, decoder.take()?);
                let client = Client { link: self.new_id(), thread: 0, pid };
                let link = Arc::new(Link::new(client));
                self.table.add_link(Arc::clone(&link));
                self.watch(Watched::Pulse { link: client.link, pulse });
                self.welcome(link, replies);
                Task::Nothing
            }
            Envelope::Line { link } => {
                let replies = decoder.take()?;
                if let Some(link) = self.table.link(link) {
                    self.welcome(link, replies);
                }
                Task::Nothing
            }
            Envelope::Errand => match self.next_errand() {
                Some(Errand::Read(line, bytes)) => {
                    let read = |decoder: &mut Decoder<'_>| {
                        self.read_request(Arc::clone(&line), decoder, lead)
                    };
                    decode_plain(&bytes, read).unwrap_or_else(|_| {
                        // Nonsense, though it began like a request.
                        line.hang_up();
                        Task::Nothing
                    })
                }
                Some(Errand::LookAfter(cell)) => Task::LookAfter(cell),
                None => Task::Nothing,
            },
            Envelope::LinkGone { link } => Task::TakeLeave(link),
            Envelope::Unreachable { object } => Task::Bury(object),
            Envelope::TimeUp { object, call } => match self.table.cell(object) {
                Some(cell) => {
                    cell.bring(Mail::TimeUp(call));
                    Task::LookAfter(cell)
                }
                None => Task::Nothing,
            },
        })
    }

    fn welcome(&self, link: Arc<Link>, replies: Sender<Untyped>) {
        let way = match replies.receiver() {
            Ok(unread) => Way::Program { replies, unread },
            Err(error) => {
                let why = Status::Refused(error.into());
                // A client that is gone again is not missed.
                return drop(replies.try_send_with(|encoder| encoder.put(&why)));
            }
        };
        let line = Arc::new(Line::new(self.new_id(), link, way));
        self.table.add_line(Arc::clone(&line));
        let link = line.link.client.link;
        line.reply(Welcome { link, line: line.id, pid: std::process::id() });
    }

    fn read_request(
        self: &Arc<Core>,
        line: Arc<Line>,
        decoder: &mut Decoder<'_>,
        lead: &mut Lead,
    ) -> Result<Task, DecodeError> {
        let mut outing = None;
        // The arguments' serde code is the user's, too.
        let mut before_users = || {
            lead.resign(self);
            outing.get_or_insert_with(|| Outing::new(&self.crew));
        };
        match decoder.take()? {
            Request::Call { object, thread, function } => {
                let Some(cell) = self.table.cell(object) else {
                    line.refuse(Refusal::NoSuchObject);
                    return Ok(Task::Nothing);
                };
                if !cell.is_plain {
                    before_users();
                }
                let prepared = self.prepare::<dyn Visit>(function, decoder, |name, decoder| {
                    let prepare = entry::resolve::<Prepare>(name)?;
                    Ok(prepare(decoder, &mut before_users))
                });
                drop(outing);
                Ok(match prepared {
                    Ok(visit) => {
                        let client = Client { thread, ..line.link.client };
                        let users = !(cell.is_plain && visit.is_quick());
                        let users = users.then(|| Arc::clone(&self.crew));
                        let call = Call::new(client, object, line, self.catch, users);
                        let pending = Pending { call, visit };
                        cell.bring(Mail::Visit(pending));
                        Task::LookAfter(cell)
                    }
                    Err(why) => {
                        line.refuse(why);
                        Task::Nothing
                    }
                })
            }
            Request::Create { constructor } => {
                before_users();
                let prepared = self.prepare::<dyn Birth>(constructor, decoder, |name, decoder| {
                    entry::resolve::<Conceive>(name).map(|conceive| conceive(decoder))
                });
                drop(outing);
                Ok(match prepared {
                    Ok(birth) => Task::Create(line, birth),
                    Err(why) => {
                        line.refuse(why);
                        Task::Nothing
                    }
                })
            }
            Request::Publish { object } => {
                let name = decoder.take()?;
                self.publish(&line, object, name);
                Ok(Task::Nothing)
            }
            Request::Find { kind } => {
                let name: String = decoder.take()?;
                self.find(&line, &name, kind);
                Ok(Task::Nothing)
            }
            Request::Serve => {
                let (address, key) = decoder.take()?;
                Ok(Task::Serve(line, address, key))
            }
            // The leases of the program's own clients are handles, and what they have received is seen.
            Request::Release { .. } | Request::Received => Ok(Task::Nothing),
        }
    }

    /// Takes a request of a client that is not of the program. Whether there will be a reply; an error if it
    /// is no request.
    pub(super) fn read_from_elsewhere(
        &self,
        line: &Arc<Line>,
        bytes: Vec<u8>,
    ) -> Result<bool, DecodeError> {
        match decode_plain(&bytes, |decoder| decoder.take())? {
            Request::Release { object } => {
                line.link.release(object);
                return Ok(false);
            }
            Request::Received => {
                line.received();
                return Ok(false);
            }
            Request::Serve => {
                // Where it serves is its own program's to say.
                line.refuse(std::io::Error::from(std::io::ErrorKind::PermissionDenied).into());
                return Ok(true);
            }
            _ => {}
        }
        self.send_out(Errand::Read(Arc::clone(line), bytes));
        Ok(true)
    }

    /// Finds the function of that name and has it take its arguments, whose serde code is the user's.
    fn prepare<V: ?Sized>(
        &self,
        name: EntryName,
        decoder: &mut Decoder<'_>,
        mut take: impl FnMut(EntryName, &mut Decoder<'_>) -> Taken<V>,
    ) -> Result<Box<V>, Refusal> {
        let mut prepared = None;
        (self.catch)(&mut || prepared = Some(take(name, decoder))).map_err(Refusal::Panicked)?;
        match prepared {
            Some(Ok(Ok(visit))) => Ok(visit),
            Some(Ok(Err(error))) => Err(Refusal::Arguments(error)),
            Some(Err(error)) => Err(Refusal::Function(error)),
            None => Err(Refusal::NoSuchObject),
        }
    }

    fn create(&self, line: &Line, mut birth: Box<dyn Birth>) {
        let mut born = Ok(None);
        let outing = Outing::new(&self.crew);
        let caught = (self.catch)(&mut || born = birth.bear());
        drop(outing);
        if let Err(panic) = caught {
            return line.refuse(Refusal::Panicked(panic));
        }
        match born {
            Ok(Some(newborn)) => {
                let cell = Arc::new(Cell::new(self.new_id(), newborn));
                self.table.add_cell(Arc::clone(&cell));
                line.reply_with_proxy(&cell);
                // Not before its first proxy is on the way: without one it is unreachable.
                self.watch(Watched::Object(cell));
            }
            Ok(None) => line.refuse(Refusal::NoSuchObject),
            Err(error) => line.refuse(error.into()),
        }
    }

    fn publish(&self, line: &Line, object: u64, name: String) {
        use crate::heap::Role;
        let Some(cell) = self.table.cell(object) else {
            return line.refuse(Refusal::NoSuchObject);
        };
        match cell.tenants.with_role(Role::Sender) {
            Ok(lease) => {
                // What had that name before is dropped when nobody has the lock any more.
                let before = self.names().insert(name, (object, lease));
                drop(before);
                line.reply(());
            }
            Err(error) => line.refuse(error.into()),
        }
    }

    fn find(&self, line: &Line, name: &str, kind: u64) {
        let object = self.names().get(name).map(|(object, _)| *object);
        match object.and_then(|object| self.table.cell(object)) {
            Some(cell) if cell.kind == kind => line.reply_with_proxy(&cell),
            Some(_) => line.refuse(Refusal::WrongType),
            None => line.refuse(Refusal::NoSuchObject),
        }
    }

    fn take_leave(self: &Arc<Core>, link: u64, lead: &mut Lead) {
        let Some((link, lines)) = self.table.take_link(link) else { return };
        link.set_gone();
        let gone = Arc::new(Gone { client: link.client, lines });
        let cells = self.table.hearing();
        for cell in &cells {
            cell.bring(Mail::Gone(Arc::clone(&gone)));
        }
        // Where it may take long it keeps nobody waiting.
        let (plain, others) = cells.into_iter().partition::<Vec<_>, _>(|cell| cell.is_plain);
        others.into_iter().for_each(|cell| self.send_out(Errand::LookAfter(cell)));
        for cell in plain {
            cell.look_after(self, lead);
        }
    }
}
