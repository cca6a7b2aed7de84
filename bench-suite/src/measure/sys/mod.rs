//! Tests in which a shell plays the runner. Windows has none that every machine has.

#[cfg(unix)]
mod contest;
#[cfg(unix)]
mod runner;
