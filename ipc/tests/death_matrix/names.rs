//! Operations on memory by name.
#![expect(unreachable_pub, reason = "a test has no public interface")]

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;

use ipc::SharedMemory;
use proc_spawn::{Call, CapturesNothing};

use crate::stage::{Scenario, Stage, perform, victim};
use crate::stepping::ensure;

const CONTENT: [u8; 16] = [7; 16];

fn name() -> String {
    format!("death-matrix-{}", std::process::id())
}

/// The name is dead and as good as new, and its file goes with the next use of it: with the drop already, unless
/// another program looks through the names just then.
fn is_reusable(name: &str) -> Result<(), String> {
    let memory = SharedMemory::create_named(name, 16)
        .map_err(|error| format!("the name cannot be used again: {error}"))?;
    ensure(content(&memory)? == [0; 16], "the new memory is not new")?;
    drop(memory);
    let gone = SharedMemory::attach(name).map(drop).map_err(|error| error.kind());
    ensure(gone == Err(ErrorKind::NotFound), "the name is not free again")?;
    let user = fs::metadata("/proc/self").map_err(|error| error.to_string())?.uid();
    let left = fs::exists(format!("/dev/shm/tandem-{user}/{name}"));
    ensure(!left.map_err(|error| error.to_string())?, "the name's file is left")
}

fn content(memory: &SharedMemory) -> Result<[u8; 16], String> {
    let mut bytes = [0; 16];
    memory.read_at(&mut bytes, 0).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn filled(name: &str) -> SharedMemory {
    let memory = SharedMemory::create_named(name, 16).expect("a free name");
    memory.write_at(&CONTENT, 0).expect("written");
    memory
}

/// A name that a survivor has, and a victim that does something with it.
fn beside<F, M: 'static>(operation: F) -> Stage
where
    F: Call<String, M, Output = ()> + CapturesNothing,
{
    let memory = filled(&name());
    victim(operation, name()).then(move |death| {
        death.join();
        ensure(content(&memory)? == CONTENT, "the memory has changed")?;
        let attached = SharedMemory::attach(&name())
            .map_err(|error| format!("a living name cannot be attached: {error}"))?;
        ensure(content(&attached)? == CONTENT, "the name leads elsewhere")?;
        drop((attached, memory));
        is_reusable(&name())
    })
}

pub fn all() -> Vec<Scenario> {
    vec![
        Scenario {
            name: "name: create, write, drop",
            set: || {
                let operation = |name: String| perform(|| drop(filled(&name)));
                victim(operation, name()).then(|death| {
                    death.join();
                    is_reusable(&name())
                })
            },
        },
        Scenario {
            name: "name: attach, read, close",
            set: || {
                beside(|name: String| {
                    perform(|| {
                        let memory = SharedMemory::attach(&name).unwrap();
                        content(&memory).unwrap();
                        memory.close();
                    });
                })
            },
        },
        Scenario {
            name: "name: create one that is taken",
            set: || {
                beside(|name: String| {
                    perform(|| {
                        let taken = SharedMemory::create_named(&name, 16).unwrap_err();
                        assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
                    });
                })
            },
        },
        Scenario {
            name: "name: unlink",
            set: || {
                let memory = filled(&name());
                let operation = |name: String| {
                    let memory = SharedMemory::attach(&name).unwrap();
                    perform(|| memory.unlink());
                };
                victim(operation, name()).then(move |death| {
                    death.join();
                    ensure(content(&memory)? == CONTENT, "the memory has changed")?;
                    match SharedMemory::attach(&name()) {
                        Ok(attached) => {
                            ensure(!death.finished, "the name is still there")?;
                            ensure(content(&attached)? == CONTENT, "the name leads elsewhere")?;
                            drop((attached, memory));
                        }
                        Err(error) => {
                            ensure(error.kind() == ErrorKind::NotFound, &error.to_string())?;
                        }
                    }
                    is_reusable(&name())
                })
            },
        },
    ]
}
