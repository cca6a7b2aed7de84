//! One run of the suite: which workloads, against whom, how long.

use crate::cli::{Arguments, Peers};
use crate::machine::Machine;
use crate::measure::{Entrant, Outcome, Plan, Scale, Scratch, Task, contest};
use crate::peer::python::Python;
use crate::report::{self, Point, Report, Settings, Table, Varied};
use crate::role;
use crate::workload::{self, Contender, Family, How, Workload, isolation, pages::Pages};

/// A run.
#[derive(Debug)]
pub(crate) struct Suite<'a> {
    arguments: &'a Arguments,
    plan: Plan,
    machine: Machine,
    scratch: Scratch,
    /// Where it is wanted.
    python: Option<Python>,
}

impl<'a> Suite<'a> {
    pub(crate) fn new(arguments: &'a Arguments) -> Outcome<Suite<'a>> {
        let scratch = Scratch::new()?;
        let python = match arguments.peers {
            Peers::None | Peers::Rust => None,
            Peers::Python | Peers::All => Some(Python::new(&arguments.python, scratch.path())?),
        };
        Ok(Suite {
            arguments,
            plan: Plan::new(arguments),
            machine: Machine::this(),
            scratch,
            python,
        })
    }

    /// The report before anything was measured.
    pub(crate) fn empty_report(&self) -> Report {
        let scale = match self.plan.scale {
            Scale::Full => "full",
            Scale::Quick => "quick",
            Scale::Tiny => "tiny",
        };
        let (peers, workers) = (self.arguments.peers, self.machine.processors);
        let settings = Settings { scale: scale.to_owned(), peers, workers };
        Report::new(self.machine.clone(), settings)
    }

    /// The workloads that were asked for.
    pub(crate) fn workloads(&self) -> impl Iterator<Item = &'static Workload> {
        let only = &self.arguments.only;
        let wanted = move |name: &str| only.is_empty() || only.iter().any(|one| one == name);
        workload::ALL.into_iter().filter(move |workload| wanted(workload.name))
    }

    /// Measures one of them.
    pub(crate) fn measure(
        &self,
        workload: &Workload,
        progress: &mut dyn FnMut(&str),
    ) -> Outcome<Table> {
        let pages = if workload.needs_pages { Some(Pages::serve()?) } else { None };
        let pages = pages.as_ref().map(Pages::address);
        let points = match &workload.axis {
            Some(axis) => (axis.points)(self.plan.scale, self.machine.processors),
            None => Vec::new(),
        };
        let plan = self.plan.for_points(points.len());
        let mut rows = Vec::new();
        for point in points.iter().copied().map(Some).chain(points.is_empty().then_some(None)) {
            let place = workload.axis.and_then(|axis| Some(Point::new(&axis, point?)));
            let task = Task { workers: self.machine.processors, pages: pages.clone(), point };
            let contenders = workload.contenders.iter();
            let contenders: Vec<_> = contenders
                .filter(|one| takes_part(one, self.arguments.peers) && one.is_at(point))
                .collect();
            let entrants = contenders
                .iter()
                .map(|contender| self.entrant(workload, contender, &task))
                .collect::<Outcome<Vec<_>>>()?;
            let courses = contest(&workload.work, entrants, &plan, &mut |line| match &place {
                Some(place) => progress(&format!("{}: {line}", place.label)),
                None => progress(line),
            });
            let courses = contenders.into_iter().zip(courses).collect();
            rows.extend(report::rows(workload.measure, place.as_ref(), courses));
        }
        report::speed_ups(workload.measure, workload.contenders, &mut rows);
        // What one contender did stands together, in the order in which they are named.
        rows.sort_by_key(|row| workload.contenders.iter().position(|one| one.id == row.id));
        Ok(Table {
            name: workload.name.to_owned(),
            title: workload.title.to_owned(),
            about: workload.about.to_owned(),
            measure: workload.measure,
            axis: workload.axis.map(|axis| Varied::new(&axis)),
            rows,
        })
    }

    fn entrant(&self, workload: &Workload, contender: &Contender, task: &Task) -> Outcome<Entrant> {
        let mut command = match contender.how {
            How::Rust(_) | How::Ask(_) | How::Carry(_) => {
                let mut command = role::command(role::RUNNER)?;
                command.arg(workload.name);
                command
            }
            How::Python(script) => {
                let python = self.python.as_ref().ok_or("Python was not asked for")?;
                python.command(script)
            }
        };
        command.arg(contender.id).arg(serde_json::to_string(task)?);
        self.scratch.give_to(&mut command);
        let is_peer = matches!(contender.family, Family::Rust | Family::Python);
        let patience = workload.work.patience.filter(|_| is_peer);
        Ok(Entrant { command, crashes: contender.id == isolation::THREAD_CRASHES, patience })
    }
}

fn takes_part(contender: &Contender, peers: Peers) -> bool {
    match contender.family {
        Family::Baseline | Family::Ours => true,
        Family::Rust => matches!(peers, Peers::Rust | Peers::All),
        Family::Python => matches!(peers, Peers::Python | Peers::All),
    }
}
