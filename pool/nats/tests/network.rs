//! The network is cut between two hosts. The other host is a network namespace of this one; where none can be made,
//! the tests say so.

mod cluster;

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use cluster::{AgentProcess, LEASE, Meeting, Server, meet_at, watch};
use pool::Pool;
use pool_nats::{Agent, AgentOptions, ClusterOptions, ClusterPool};

proc_spawn::enable_test_support!();

/// A host that a cable connects with this one. It is gone with its program.
struct Host {
    program: Child,
    /// The program goes on as long as this is open.
    input: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
    cable: String,
    network: String,
}

/// Whether it succeeded.
fn run(command: &str) -> bool {
    let mut words = command.split(' ');
    let mut command = Command::new(words.next().expect("a program"));
    let command = command.args(words).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

impl Host {
    /// A host where a test of this program runs, told by `ROLE`, once it is started. `None`, and a line that says so,
    /// where there can be none. The `number` tells the hosts of tests apart.
    fn connect(number: u8, role: &str, server: &Server, more: &[(&str, String)]) -> Option<Host> {
        let cable = format!("tdm{}n{number}", std::process::id() % 100_000);
        let network = format!("10.213.{}.", 100 + number);
        let mut command = Command::new("unshare");
        // Its program is not started before there is a network.
        command.args([
            "--net",
            "setpriv",
            "--pdeathsig",
            "KILL",
            "sh",
            "-c",
            "echo apart && read go && exec \"$@\"",
            "sh",
        ]);
        command.arg(env::current_exe().expect("it runs"));
        command.args(["--exact", "what_runs_on_the_other_host", "--nocapture"]);
        command.env("ROLE", role).env("URL", server.url_at(&format!("{network}1")));
        command.env("TOKEN", server.token()).envs(more.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = command.spawn().expect("a program");
        let (pid, input) = (program.id(), program.stdin.take());
        let lines = BufReader::new(program.stdout.take().expect("piped"));
        let mut host = Host { program, input, lines, cable, network };
        let inside = format!("nsenter --net=/proc/{pid}/ns/net ip");
        // Where it says nothing it has no namespace.
        let mut line = String::new();
        let is_apart = host.lines.read_line(&mut line).is_ok_and(|read| read > 0);
        let Host { cable, network, .. } = &host;
        let is_there = is_apart
            && run(&format!("ip link add {cable} type veth peer name far netns {pid}"))
            && run(&format!("ip addr add {network}1/24 dev {cable}"))
            && run(&format!("ip link set {cable} up"))
            && run(&format!("{inside} addr add {network}2/24 dev far"))
            && run(&format!("{inside} link set far up"))
            && run(&format!("{inside} link set lo up"));
        if !is_there {
            eprintln!("skipped: no network namespace can be made here");
            return None;
        }
        Some(host)
    }

    /// Starts the program, and waits until it says that it is ready.
    fn start(&mut self) {
        self.input.as_mut().expect("open").write_all(b"go\n").expect("it waits");
        self.says("ready");
    }

    /// Waits for a line with that in it.
    fn says(&mut self, text: &str) -> String {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert!(self.lines.read_line(&mut line).expect("text") > 0, "it has ended");
        }
        line
    }

    fn cut(&self) {
        assert!(run(&format!("ip link set {} down", self.cable)));
    }

    fn mend(&self) {
        assert!(run(&format!("ip link set {} up", self.cable)));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Runs there if a test below has started it.
#[test]
fn what_runs_on_the_other_host() {
    let Ok(role) = env::var("ROLE") else { return };
    let (url, token) = (env::var("URL").unwrap(), env::var("TOKEN").unwrap());
    if role == "agent" {
        let pool = Pool::builder().workers(1).processes().unwrap();
        let options = AgentOptions::new().pool(pool).lease(LEASE);
        let agent = Agent::serve(&url, &token, options).unwrap();
        println!("ready");
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        return agent.stop().unwrap();
    }
    let options = ClusterOptions::new().agents(2).deadline(Duration::from_secs(1));
    let options = options.settings(Pool::builder().chunk_size(1));
    let pool = ClusterPool::connect(&url, &token, options).unwrap();
    println!("ready");
    let (host, port) = (env::var("MEET").unwrap(), env::var("PORT").unwrap().parse().unwrap());
    let results = pool.map(meet_at, (0..50).map(|n| (host.clone(), port, n))).unwrap();
    assert_eq!(results, (0..50).collect::<Vec<_>>());
    println!("all {} results", results.len());
}

#[test]
fn an_agent_that_is_cut_off_loses_its_task_to_another_and_comes_back() {
    let _watchdog = watch("a cut");
    let Some(server) = Server::start_with("0.0.0.0", "") else { return };
    let Some(mut far) = Host::connect(1, "agent", &server, &[]) else { return };
    far.start();
    let (this, other) = (format!("{}1", far.network), format!("{}2", far.network));
    let options = ClusterOptions::new().deadline(Duration::from_secs(1));
    let pool = ClusterPool::connect(&server.url_at(&this), server.token(), options).unwrap();
    let meeting = Meeting::on("0.0.0.0");
    let submit = |n| pool.submit(meet_at, (this.clone(), meeting.port(), n));
    let task = submit(1);
    let (_, cut_off) = meeting.guest();
    assert_eq!(cut_off.host(), other);
    let _near = AgentProcess::start(&server, 1);
    let cut = Instant::now();
    far.cut();
    let (n, guest) = meeting.guest();
    let took = cut.elapsed();
    assert_eq!((n, guest.host()), (1, this.clone()));
    assert!(took < LEASE + Duration::from_secs(1), "{took:?}");
    drop(guest);
    assert_eq!(task.get(), Ok(1));
    // It goes on with what it had. What comes of it is not heard, and then it is of use again.
    far.mend();
    drop(cut_off);
    let tasks = [submit(2), submit(3)];
    let guests = [meeting.guest().1, meeting.guest().1];
    let mut hosts = guests.each_ref().map(cluster::Guest::host);
    hosts.sort();
    assert_eq!(hosts, [this, other]);
    drop(guests);
    assert_eq!(tasks.map(pool::Task::get), [Ok(2), Ok(3)]);
}

#[test]
fn a_submitter_that_is_cut_off_gets_all_its_results_once_it_is_back() {
    let _watchdog = watch("a cut");
    let Some(server) = Server::start_with("0.0.0.0", "") else { return };
    let _agents = [AgentProcess::start(&server, 1), AgentProcess::start(&server, 1)];
    let meeting = Meeting::on("0.0.0.0");
    let meet = [("MEET", "127.0.0.1".to_owned()), ("PORT", meeting.port().to_string())];
    let Some(mut far) = Host::connect(2, "submitter", &server, &meet) else { return };
    far.start();
    let guests = [meeting.guest(), meeting.guest()];
    far.cut();
    // What they come to is said into the void.
    drop(guests);
    let guests = [meeting.guest(), meeting.guest()];
    far.mend();
    drop((guests, meeting));
    assert_eq!(far.says("results").trim(), "all 50 results");
}
