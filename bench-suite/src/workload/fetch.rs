//! Work that waits: fetching pages over HTTP.

use crate::measure::{Outcome, Scale, Task};
use crate::ours::pools;
use crate::peer::{rayon, sequential, standard};
use crate::workload::axis::{Axis, Unit, WORKERS};
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};
use crate::workload::pages;

pub(crate) const WORKLOAD: Workload = Workload {
    name: "fetch",
    title: "I/O-bound: fetch pages that take 50 ms each, by the number of workers",
    about: "32 pages, or 16 of them with --quick, of 4 KiB from a server on this machine that answers each request after 50 ms, on a \
            new connection every time. Pools are made before. The speed-up is over the sequential run \
            in the same language; no more can be had than there are workers.",
    measure: Measure::Seconds,
    axis: Some(Axis { title: WORKERS, unit: Unit::Count, points: workers }),
    work: Work {
        size: Size { full: 32, quick: 16, tiny: 4, adapts: false },
        expected: |amount| (1..=amount).sum(),
        is_fact: false,
        patience: None,
    },
    needs_pages: true,
    contenders: &[
        Contender::new(
            Family::Baseline,
            "sequential",
            "sequential, one thread",
            How::Rust(sequential::fetch),
        )
        .only(&[1]),
        Contender::new(
            Family::Ours,
            "thread_pool",
            "pool::ThreadPool::map",
            How::Rust(pools::fetch_on_threads),
        )
        .against("sequential")
        .only(SEVERAL),
        Contender::new(
            Family::Ours,
            "process_pool",
            "pool::ProcessPool::map",
            How::Rust(pools::fetch_on_processes),
        )
        .against("sequential")
        .only(SEVERAL),
        Contender::new(
            Family::Rust,
            "std_threads",
            "std::thread::scope",
            How::Rust(standard::fetch),
        )
        .against("sequential")
        .only(SEVERAL),
        Contender::new(Family::Rust, "rayon", "rayon", How::Rust(rayon::fetch))
            .against("sequential")
            .only(SEVERAL),
        Contender::new(
            Family::Python,
            "python_sequential",
            "Python, sequential",
            How::Python("fetch.py"),
        )
        .only(&[1]),
        Contender::new(
            Family::Python,
            "python_thread_pool",
            "Python, multiprocessing ThreadPool.map",
            How::Python("fetch.py"),
        )
        .against("python_sequential")
        .only(SEVERAL),
        Contender::new(
            Family::Python,
            "python_pool",
            "Python, multiprocessing.Pool.map",
            How::Python("fetch.py"),
        )
        .against("python_sequential")
        .only(SEVERAL),
    ],
};

/// How many fetch. More than the processors: they wait.
fn workers(scale: Scale, _: usize) -> Vec<u64> {
    match scale {
        Scale::Full => vec![1, 2, 4, 8, 16],
        Scale::Quick => vec![1, 8, 16],
        Scale::Tiny => vec![1, 4],
    }
}

/// Where more than one fetch.
const SEVERAL: &[u64] = &[2, 4, 8, 16];

/// The addresses of so many pages.
pub(crate) fn addresses(task: &Task, amount: u64) -> Outcome<Vec<String>> {
    let pages = task.pages.as_ref().ok_or("there are no pages to fetch")?;
    Ok((1..=amount).map(|number| format!("{pages}/{number}")).collect())
}

/// Fetches a page and gives its number.
///
/// It makes a connection for this page alone, as Python's `urlopen` does.
pub(crate) fn page(address: String) -> Result<u64, String> {
    fetch(&address).map_err(|error| format!("{address}: {error}"))
}

fn fetch(address: &str) -> Result<u64, ureq::Error> {
    let body = ureq::get(address).call()?.body_mut().read_to_string()?;
    // A page that is not whole is none.
    Ok(pages::number(&body).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{addresses, page};
    use crate::measure::Task;
    use crate::workload::pages::Pages;

    #[test]
    fn the_pages_are_fetched_from_the_server_that_has_them() {
        let server = Pages::serve().unwrap();
        let task = Task { workers: 1, pages: Some(server.address()), point: None };
        let addresses = addresses(&task, 3).unwrap();
        let numbers: Vec<u64> = addresses.into_iter().map(|one| page(one).unwrap()).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }

    #[test]
    fn a_page_that_is_not_there_is_an_error_that_names_it() {
        let address = {
            let server = Pages::serve().unwrap();
            format!("{}/none", server.address())
        };
        assert!(page(address.clone()).unwrap_err().starts_with(&address));
    }
}
