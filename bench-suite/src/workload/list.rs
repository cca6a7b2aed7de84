//! All of them.

use crate::workload::contender::Workload;
use crate::workload::{
    counter, fetch, isolation, large_array, memory, participants, primes, primitives,
    producer_consumer, recovery, round_trip, task_length, throughput, worker,
};

/// In the order in which they are measured and shown.
pub(crate) const ALL: [&Workload; 14] = [
    &worker::WORKLOAD,
    &memory::WORKLOAD,
    &isolation::WORKLOAD,
    &primes::WORKLOAD,
    &fetch::WORKLOAD,
    &round_trip::WORKLOAD,
    &throughput::WORKLOAD,
    &participants::WORKLOAD,
    &large_array::WORKLOAD,
    &producer_consumer::WORKLOAD,
    &primitives::WORKLOAD,
    &counter::WORKLOAD,
    &task_length::WORKLOAD,
    &recovery::WORKLOAD,
];

pub(crate) fn names() -> [&'static str; ALL.len()] {
    ALL.map(|workload| workload.name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::ALL;
    use crate::workload::{Contender, Family, How};

    fn python_contenders() -> impl Iterator<Item = (&'static str, &'static Contender)> {
        ALL.iter().flat_map(|workload| {
            let scripts = workload.contenders.iter().filter_map(|contender| match contender.how {
                How::Python(script) => Some((script, contender)),
                How::Rust(_) | How::Ask(_) | How::Carry(_) => None,
            });
            scripts.collect::<Vec<_>>()
        })
    }

    #[test]
    fn every_contender_has_a_name_of_its_own_and_is_compared_with_one_that_is_there() {
        for workload in ALL {
            let ids: HashSet<_> = workload.contenders.iter().map(|one| one.id).collect();
            assert_eq!(ids.len(), workload.contenders.len(), "{}", workload.name);
            for against in workload.contenders.iter().filter_map(|one| one.against) {
                assert!(ids.contains(against), "{against} in {}", workload.name);
            }
        }
    }

    #[test]
    fn every_workload_has_a_contender_of_ours() {
        for workload in ALL {
            let ours = workload.contenders.iter().filter(|one| one.family == Family::Ours);
            assert!(ours.count() >= 2, "{}", workload.name);
        }
    }

    #[test]
    fn every_contender_in_python_is_served_by_its_script() {
        for (script, contender) in python_contenders() {
            assert_eq!(contender.family, Family::Python);
            let text = crate::peer::python::text_of(script).expect(script);
            let entry = format!("\"{}\":", contender.id);
            assert!(text.contains(&entry), "{entry} in {script}");
        }
    }
}
