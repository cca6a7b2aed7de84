//! A server of pages that take their time.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tiny_http::{Request, Response, Server};

use crate::measure::Outcome;

/// How long the server takes for a page.
const TIME: Duration = Duration::from_millis(50);
/// How many requests it works on at a time: more than any contender makes.
const THREADS: usize = 32;
/// The size of a page in bytes.
const SIZE: usize = 4096;

/// A running server; it ends when this is dropped.
pub(crate) struct Pages {
    server: Arc<Server>,
    threads: Vec<JoinHandle<()>>,
}

impl Pages {
    pub(crate) fn serve() -> Outcome<Pages> {
        let server = Arc::new(Server::http("127.0.0.1:0").map_err(|error| error.to_string())?);
        let work = || {
            let server = Arc::clone(&server);
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    // A client that has gone needs no answer.
                    let _ = answer(request);
                }
            })
        };
        let threads = (0..THREADS).map(|_| work()).collect();
        Ok(Pages { server, threads })
    }

    /// Where the pages are: they are called 1, 2, 3 and so on below this.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.server.server_addr())
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.threads.iter().for_each(|_| self.server.unblock());
        for thread in self.threads.drain(..) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

fn answer(request: Request) -> io::Result<()> {
    // sleep: that a page takes this long is what the workload is about
    thread::sleep(TIME);
    match request.url().trim_start_matches('/').parse() {
        Ok(number) => request.respond(Response::from_string(text(number))),
        Err(_) => request.respond(Response::empty(404)),
    }
}

/// The page of that number.
fn text(number: u64) -> String {
    format!("{number:<SIZE$}")
}

/// The number of a page, if it is whole.
pub(crate) fn number(text: &str) -> Option<u64> {
    if text.len() == SIZE { text.trim_end().parse().ok() } else { None }
}
