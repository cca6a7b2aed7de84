//! Two programs meet in memory. The first makes it and tells its name; start this again with that name
//! as an argument to be the second. Each goes on when you press Enter.

use std::{env, io};

use ipc::SharedMemory;

const SIZE: usize = 64;

fn main() -> io::Result<()> {
    match env::args().nth(1) {
        None => first(),
        Some(name) => second(&name),
    }
}

fn first() -> io::Result<()> {
    let memory = SharedMemory::create(SIZE)?;
    memory.write_at(b"from the first", 0)?;
    println!("{}", memory.name());
    wait()?;
    println!("{}", text(&memory)?);
    Ok(())
}

fn second(name: &str) -> io::Result<()> {
    let memory = SharedMemory::attach(name)?;
    println!("{}", text(&memory)?);
    memory.write_at(b"from the second", 0)?;
    wait()
}

fn text(memory: &SharedMemory) -> io::Result<String> {
    let mut bytes = [0; SIZE];
    memory.read_at(&mut bytes, 0)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned())
}

fn wait() -> io::Result<()> {
    io::stdin().read_line(&mut String::new()).map(|_| ())
}
