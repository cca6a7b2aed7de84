//! Several processes update one dict for a while, and every update is there.
//!
//! `TANDEM_CHAOS_SECONDS` sets how long (2 by default).

mod watchdog;

use std::env;
use std::time::{Duration, Instant};

use ipc::{Address, DictProxy, Manager};
use proc_spawn::{Failure, Process};
use watchdog::watch_for;

proc_spawn::enable_test_support!();

const KEY: &[u8] = b"correct horse battery staple";
/// How many keys they share.
const KEYS: usize = 5;

/// How often somebody has updated each.
type Done = [u64; KEYS];

/// Updates until the time is over, and at least once round.
fn update(counts: &DictProxy<usize, u64>, milliseconds: u64) -> Result<Done, Failure> {
    let end = Instant::now() + Duration::from_millis(milliseconds);
    let mut done = Done::default();
    while Instant::now() < end || done.contains(&0) {
        for (key, done) in done.iter_mut().enumerate() {
            counts.update_value(key, 0, |count| *count += 1)?;
            *done += 1;
        }
    }
    Ok(done)
}

fn update_here(counts: DictProxy<usize, u64>, milliseconds: u64) -> Result<Done, Failure> {
    update(&counts, milliseconds)
}

fn update_from_elsewhere(address: Address, milliseconds: u64) -> Result<Done, Failure> {
    let manager = Manager::connect(&address, KEY)?;
    update(&manager.find::<DictProxy<usize, u64>>("counts")?, milliseconds)
}

#[test]
fn no_update_of_four_processes_is_lost_also_of_those_from_elsewhere() {
    let seconds = env::var("TANDEM_CHAOS_SECONDS").map_or(2, |text| text.parse().unwrap());
    let _watchdog = watch_for("a soak of a manager", Duration::from_secs(60 + 2 * seconds));
    let manager = Manager::start::<Process>().unwrap();
    let counts = manager.dict::<usize, u64>().unwrap();
    manager.publish("counts", &counts).unwrap();
    let address = manager.serve(&Address::Tcp(([127, 0, 0, 1], 0).into()), KEY).unwrap();
    let time = 1000 * seconds;
    let here = || Process::spawn(update_here, (counts.clone(), time)).unwrap();
    let elsewhere = || Process::spawn(update_from_elsewhere, (address.clone(), time)).unwrap();
    let mut expected = Done::default();
    for child in [here(), here(), elsewhere(), elsewhere()] {
        let done = child.join().unwrap().unwrap();
        expected.iter_mut().zip(done).for_each(|(sum, done)| *sum += done);
    }
    let all = counts.to_map().unwrap();
    println!("{} updates in {seconds} s", all.values().sum::<u64>());
    assert_eq!(expected.map(Some), std::array::from_fn(|key| all.get(&key).copied()));
}
