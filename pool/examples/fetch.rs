//! Fetches pages from a web server that takes its time: one after the other, on threads, and on
//! processes.
//!
//! The server is part of this program and answers on a port of its own, so nothing is fetched from
//! elsewhere.
//!
//! `cargo run --release -p pool --example fetch [PAGES]`, where PAGES is 32 if it is not given.

use std::env;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use pool::{ProcessPool, ThreadPool};
use proc_spawn::Failure;
use tiny_http::{Request, Response, Server};

/// How long the server takes for a page.
const LATENCY: Duration = Duration::from_millis(50);
/// How long a fetch may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);
const WORKERS: usize = 8;

/// Starts a server that answers every request after a while.
fn serve() -> Result<SocketAddr, Failure> {
    let server = Server::http("127.0.0.1:0").map_err(Failure::new)?;
    let address = server.server_addr().to_ip();
    let address = address.ok_or_else(|| Failure::new("the server has no address"))?;
    thread::spawn(move || {
        for request in server.incoming_requests() {
            thread::spawn(move || answer(request));
        }
    });
    Ok(address)
}

fn answer(request: Request) {
    // sleep: this is a slow server.
    thread::sleep(LATENCY);
    let page = format!("<title>{}</title>\n", request.url());
    // A client that is gone needs no answer.
    let _ = request.respond(Response::from_string(page));
}

/// The title of the page.
fn fetch(url: String) -> Result<String, Failure> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
    let page = agent.get(&url).call()?.body_mut().read_to_string()?;
    let title = page.strip_prefix("<title>").and_then(|rest| rest.split("</title>").next());
    title.map(str::to_owned).ok_or_else(|| Failure::new(format!("{url} has no title")))
}

fn argument() -> Result<usize, String> {
    let arguments: Vec<String> =
        env::args_os().skip(1).map(|text| text.to_string_lossy().into_owned()).collect();
    match &arguments[..] {
        [] => Ok(32),
        [number] => match number.parse() {
            Ok(0) => Err("no pages, nothing to fetch".to_owned()),
            Ok(pages) => Ok(pages),
            Err(error) => Err(format!("`{number}` is no such number: {error}")),
        },
        _ => Err(format!("one argument at most, not {}", arguments.len())),
    }
}

fn timed(
    what: &str,
    fetch_all: impl FnOnce() -> Result<Vec<Result<String, Failure>>, Failure>,
) -> Result<Vec<String>, Failure> {
    let start = Instant::now();
    let titles: Vec<String> = fetch_all()?.into_iter().collect::<Result<_, _>>()?;
    println!("{what:<12} {} pages in {:.2} s", titles.len(), start.elapsed().as_secs_f64());
    Ok(titles)
}

fn run(pages: usize) -> Result<bool, Failure> {
    let address = serve()?;
    let latency = LATENCY.as_millis();
    println!("fetching {pages} pages, {latency} ms each, with {WORKERS} workers at a time");
    let urls: Vec<String> = (1..=pages).map(|n| format!("http://{address}/page/{n}")).collect();
    let expected: Vec<String> = (1..=pages).map(|n| format!("/page/{n}")).collect();

    let sequential = timed("sequential", || Ok(urls.iter().cloned().map(fetch).collect()))?;
    let pool = ThreadPool::new(WORKERS)?;
    let threads = timed("ThreadPool", || Ok(pool.map(fetch, urls.clone())?))?;
    let pool = ProcessPool::new(WORKERS)?;
    let processes = timed("ProcessPool", || Ok(pool.map(fetch, urls.clone())?))?;

    let agree = [sequential, threads, processes].iter().all(|titles| *titles == expected);
    println!("{}", if agree { "all got the same pages" } else { "they got different pages" });
    Ok(agree)
}

#[proc_spawn::main]
fn main() -> ExitCode {
    let pages = match argument() {
        Ok(pages) => pages,
        Err(problem) => {
            eprintln!("fetch: {problem}");
            eprintln!("usage: fetch [PAGES], a whole number from 1: so many pages are fetched");
            return ExitCode::from(2);
        }
    };
    match run(pages) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("fetch: {failure:#}");
            ExitCode::FAILURE
        }
    }
}
