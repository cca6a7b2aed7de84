//! The peer iceoryx2: carries messages from this process to another, by publish and subscribe.
//!
//! `bench-suite-iceoryx2 SIZE` reads from its standard input how many messages to carry, a line each time, and
//! answers on its standard output how many arrived right. It ends when its input does.
//!
//! Each message is copied into a sample, and on the other side out of it into a buffer that is used again. Who
//! waits tries again at once, and lets others run between tries: that is the fastest that iceoryx2 has.

use std::env;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{self, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use iceoryx2::port::BackpressureAction;
use iceoryx2::prelude::{
    AllocationStrategy, LogLevel, NodeBuilder, ServiceName, ipc, set_log_level,
};
use iceoryx2::service::port_factory::publish_subscribe::PortFactory;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many bytes may be on their way, as in a pipe of this workspace: with less it waits more, and with more the
/// messages leave the cache.
const ROOM: usize = 1 << 20;
/// What every message is filled with.
const FILL: u8 = 7;

fn main() -> ExitCode {
    set_log_level(LogLevel::Error);
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match &arguments[..] {
        [size] => publish(size),
        [size, service] => subscribe(size, service),
        _ => Err("it is told a size".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What it makes of the service ends with it. One segment of 16 bytes (`…global_mgmt`) stays: all programs of the machine that
/// use this release of iceoryx2 count their nodes in it, and nobody may remove it.
fn service(name: &str, size: usize) -> Outcome<PortFactory<ipc::Service, [u8], ()>> {
    let node = NodeBuilder::new().create::<ipc::Service>()?;
    let builder = node.service_builder(&ServiceName::new(name)?).publish_subscribe::<[u8]>();
    let builder = builder.enable_safe_overflow(false).history_size(0);
    let room = (ROOM / size.max(1)).clamp(2, 1024);
    Ok(builder
        .subscriber_max_buffer_size(room)
        .max_publishers(1)
        .max_subscribers(1)
        .open_or_create()?)
}

/// What the process on the other side of a stream says, line by line, and whether it is gone: who waits for a sample
/// or for room would not hear of that.
struct Other {
    lines: Receiver<io::Result<String>>,
    is_gone: Arc<AtomicBool>,
}

impl Other {
    /// Hears who writes to that stream, and passes each line on as it comes.
    fn of(stream: impl Read + Send + 'static, mut on: impl Write + Send + 'static) -> Other {
        let (sender, lines) = mpsc::channel();
        let is_gone = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_gone);
        thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                // To one that is gone: that is heard of where its own words are.
                let _ = line.as_ref().map(|line| writeln!(on, "{line}"));
                if sender.send(line).is_err() {
                    break;
                }
            }
            told.store(true, Ordering::Relaxed);
        });
        Other { lines, is_gone }
    }

    /// Its next line; an error if there is none.
    fn line(&self) -> Outcome<String> {
        Ok(self.lines.recv().map_err(|_| "the other process is gone")??)
    }
}

/// Publishes to a process of its own as many as it is told to.
fn publish(size: &str) -> Outcome<()> {
    let bytes = size.parse()?;
    let name = format!("bench-suite/{}", process::id());
    let service = service(&name, bytes)?;
    let mut child = Command::new(env::current_exe()?)
        .args([size, &name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let subscriber = Other::of(child.stdout.take().ok_or("no output")?, io::sink());
    // When the input of this ends, so does the subscriber's, and with it the subscriber, whatever is waited for here;
    // and that is heard here.
    let counts = Other::of(io::stdin(), child.stdin.take().ok_or("no input")?);
    let is_gone = Arc::clone(&subscriber.is_gone);
    let publisher = service
        .publisher_builder()
        .initial_max_slice_len(bytes)
        .allocation_strategy(AllocationStrategy::Static)
        .set_backpressure_handler(move |_| {
            thread::yield_now();
            match is_gone.load(Ordering::Relaxed) {
                true => BackpressureAction::DiscardDataAndFail,
                false => BackpressureAction::Retry,
            }
        })
        .create()?;
    // It says that it is there.
    subscriber.line()?;
    let message = vec![FILL; bytes];
    while let Ok(count) = counts.line() {
        for _ in 0..count.parse()? {
            // Samples for nobody would go on without a wait.
            if subscriber.is_gone.load(Ordering::Relaxed) {
                return Err("the subscriber is gone".into());
            }
            publisher.loan_slice_uninit(bytes)?.write_from_slice(&message).send()?;
        }
        println!("{}", subscriber.line()?);
    }
    child.wait()?;
    Ok(())
}

/// Takes as many as it is told to, and answers how many were right.
fn subscribe(size: &str, name: &str) -> Outcome<()> {
    let bytes = size.parse()?;
    let service = service(name, bytes)?;
    let subscriber = service.subscriber_builder().create()?;
    let publisher = Other::of(io::stdin(), io::sink());
    println!("there");
    let mut buffer = vec![0; bytes];
    while let Ok(count) = publisher.line() {
        let mut right: u64 = 0;
        for _ in 0..count.parse()? {
            let sample = loop {
                if publisher.is_gone.load(Ordering::Relaxed) {
                    return Ok(());
                }
                match subscriber.receive()? {
                    Some(sample) => break sample,
                    None => thread::yield_now(),
                }
            };
            buffer.copy_from_slice(sample.payload());
            right += u64::from(buffer[0] == FILL);
        }
        println!("{right}");
    }
    Ok(())
}
