//! Work for the processor: counting primes by trial division.

use crate::ours::pools;
use crate::peer::{rayon, sequential, standard};
use crate::workload::axis::{Axis, Unit, WORKERS, workers};
use crate::workload::contender::{Contender, Family, How, Measure, Size, Work, Workload};

pub(crate) const WORKLOAD: Workload = Workload {
    name: "primes",
    title: "CPU-bound: count the primes below a number, by the number of workers",
    about: "Trial division over 64 ranges, shared out to the workers. \
            Timed is the call alone: pools are made before. The speed-up is over the sequential run \
            in the same language.",
    measure: Measure::Seconds,
    axis: Some(Axis { title: WORKERS, unit: Unit::Count, points: workers }),
    work: Work {
        size: Size { full: 5_000_000, quick: 200_000, tiny: 20_000, adapts: false },
        expected: by_sieve,
        is_fact: false,
        patience: None,
    },
    needs_pages: false,
    contenders: &[
        Contender::new(
            Family::Baseline,
            "sequential",
            "sequential, one thread",
            How::Rust(sequential::primes),
        )
        .only(&[1]),
        Contender::new(
            Family::Ours,
            "thread_pool",
            "pool::ThreadPool::starmap",
            How::Rust(pools::primes_on_threads),
        )
        .against("sequential"),
        Contender::new(
            Family::Ours,
            "process_pool",
            "pool::ProcessPool::starmap",
            How::Rust(pools::primes_on_processes),
        )
        .against("sequential"),
        Contender::new(
            Family::Rust,
            "std_threads",
            "std::thread::scope",
            How::Rust(standard::primes),
        )
        .against("sequential"),
        Contender::new(Family::Rust, "rayon", "rayon, par_iter", How::Rust(rayon::primes))
            .against("sequential"),
        Contender::new(
            Family::Python,
            "python_sequential",
            "Python, sequential",
            How::Python("primes.py"),
        )
        .only(&[1]),
        Contender::new(
            Family::Python,
            "python_threading",
            "Python, threading.Thread",
            How::Python("primes.py"),
        )
        .against("python_sequential"),
        Contender::new(
            Family::Python,
            "python_pool",
            "Python, multiprocessing.Pool.starmap",
            How::Python("primes.py"),
        )
        .against("python_sequential"),
    ],
};

/// Into how many ranges the numbers are cut.
const RANGES: u64 = 64;

/// The ranges that together are the numbers below `limit`.
pub(crate) fn ranges(limit: u64) -> Vec<(u64, u64)> {
    let start = |index| index * limit / RANGES;
    (0..RANGES).map(|index| (start(index), start(index + 1))).collect()
}

/// The primes from `start` to below `end`.
pub(crate) fn count(start: u64, end: u64) -> u64 {
    (start..end).filter(|&number| is_prime(number)).count() as u64
}

fn is_prime(number: u64) -> bool {
    if number < 3 || number.is_multiple_of(2) {
        return number == 2;
    }
    let mut divisor = 3;
    while divisor * divisor <= number {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 2;
    }
    true
}

/// The primes below `limit`, found in another way.
fn by_sieve(limit: u64) -> u64 {
    let limit = limit as usize;
    let mut composite = vec![false; limit];
    let mut primes = 0;
    for number in 2..limit {
        if composite[number] {
            continue;
        }
        primes += 1;
        for multiple in (number * number..limit).step_by(number) {
            composite[multiple] = true;
        }
    }
    primes
}

#[cfg(test)]
mod tests {
    use super::{by_sieve, count, ranges};

    #[test]
    fn trial_division_and_the_sieve_agree_with_what_is_known() {
        for (limit, primes) in [(0, 0), (2, 0), (3, 1), (10, 4), (100, 25), (10_000, 1229)] {
            assert_eq!(count(0, limit), primes, "below {limit}");
            assert_eq!(by_sieve(limit), primes, "below {limit}");
        }
        assert_eq!(by_sieve(5_000_000), 348_513);
    }

    #[test]
    fn the_ranges_leave_no_number_out() {
        for limit in [1, 63, 64, 1000, 1_000_000] {
            let ranges = ranges(limit);
            assert_eq!((ranges[0].0, ranges[ranges.len() - 1].1), (0, limit));
            assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
        }
    }
}
