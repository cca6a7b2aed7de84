//! What a function needs.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::machine::processor_time;

/// How one run of a function went; it displays as the flags for `cargo xtask advise`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// How long it took.
    pub wall: Duration,
    /// How long processors worked for this process; what its children do does not count.
    pub cpu: Duration,
    /// The size of the encoded argument in bytes; 0 without one, or if it cannot be encoded.
    pub argument_bytes: u64,
    /// The size of the encoded result in bytes; 0 if it cannot be encoded.
    pub result_bytes: u64,
}

impl Profile {
    /// Which part of its time it computed: 1 for one processor all the time, more for more of them, near
    /// 0 where it waited.
    pub fn cpu_share(&self) -> f64 {
        self.cpu.as_secs_f64() / self.wall.as_secs_f64().max(1e-9)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = (self.cpu_share() * 100.0).clamp(0.0, 100.0);
        let payload = (self.argument_bytes + self.result_bytes) as f64 / 1024.0;
        let task = self.wall.as_secs_f64() * 1e3;
        write!(f, "--cpu {percent:.0} --task-ms {task:.3} --payload-kib {payload:.1}")
    }
}

/// Runs `f` once and tells how long it took, how much of that it computed and how large its result is.
///
/// What other threads of this process do meanwhile counts as well, so let nothing else run. The first run of
/// anything is slower than those after it: call `f` once before.
///
/// # Panics
///
/// If `f` does.
///
/// ```
/// let profile = bench_suite::profile(|| (1..100_000u64).map(|n| n * n % 7).sum::<u64>());
/// assert!(profile.wall >= profile.cpu / 64 && profile.result_bytes > 0);
/// println!("cargo xtask advise {profile}");
/// ```
pub fn profile<R: Serialize>(f: impl FnOnce() -> R) -> Profile {
    measured(0, f)
}

/// [`profile`] of a function of one argument, whose size counts, too.
///
/// # Panics
///
/// If `f` does.
///
/// ```
/// let profile = bench_suite::profile_with(|text: String| text.len(), "x".repeat(1000));
/// assert!(profile.argument_bytes >= 1000);
/// ```
pub fn profile_with<A: Serialize, R: Serialize>(f: impl FnOnce(A) -> R, argument: A) -> Profile {
    let size = encoded_size(&argument);
    measured(size, || f(argument))
}

fn measured<R: Serialize>(argument_bytes: u64, f: impl FnOnce() -> R) -> Profile {
    let (worked, begun) = (processor_time(), Instant::now());
    let result = black_box(f());
    let (wall, cpu) = (begun.elapsed(), processor_time().saturating_sub(worked));
    Profile { wall, cpu, argument_bytes, result_bytes: encoded_size(&result) }
}

fn encoded_size(value: &impl Serialize) -> u64 {
    postcard::experimental::serialized_size(value).map_or(0, |size| size as u64)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Profile, profile};

    #[test]
    fn what_it_computes_is_counted() {
        let begun = Instant::now();
        let profile = profile(|| {
            let mut rounds = 0u64;
            while crate::machine::processor_time() < Duration::from_millis(30)
                || begun.elapsed() < Duration::from_millis(30)
            {
                rounds += 1;
            }
            rounds
        });
        assert!(profile.cpu > Duration::ZERO && profile.cpu_share() > 0.0, "{profile:?}");
    }

    #[test]
    fn it_displays_as_flags() {
        let profile = Profile {
            wall: Duration::from_millis(20),
            cpu: Duration::from_millis(5),
            argument_bytes: 1024,
            result_bytes: 512,
        };
        assert_eq!(profile.to_string(), "--cpu 25 --task-ms 20.000 --payload-kib 1.5");
    }
}
