//! A `nats-server` on loopback, with a token and a store of its own.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs, thread};

use tempfile::TempDir;

/// A server. It is killed when dropped, and when the thread that started it ends.
pub(crate) struct Server {
    directory: TempDir,
    child: Child,
    token: String,
    /// Where it listens.
    host: &'static str,
    port: u16,
}

impl Server {
    /// Starts one. `None`, and a line that says so, where it is not installed; in CI that is a failure.
    pub(crate) fn start() -> Option<Server> {
        Server::start_with("127.0.0.1", "")
    }

    /// The same, on this address, and with this in its configuration.
    pub(crate) fn start_with(host: &'static str, more: &str) -> Option<Server> {
        let directory = tempfile::tempdir().expect("a directory");
        let token = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        let Some((child, port)) = launch(directory.path(), &token, (host, -1), more) else {
            let line = "nats-server is not installed (apt-get install nats-server)";
            // What CI leaves out would break without anybody's seeing it.
            assert!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{line}");
            eprintln!("skipped: {line}");
            return None;
        };
        Some(Server { directory, child, token, host, port })
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Where those reach it who know this machine by that address.
    pub(crate) fn url_at(&self, host: &str) -> String {
        format!("nats://{host}:{}", self.port)
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it lives");
        self.child.wait().expect("it is ours");
    }

    /// Ends it in peace: it writes down all it has.
    pub(crate) fn stop(&mut self) {
        let pid = self.pid().to_string();
        assert!(
            Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there").success()
        );
        self.child.wait().expect("it is ours");
    }

    /// What one that has ended has written of deliveries.
    pub(crate) fn deliveries(&self) -> Vec<u8> {
        fs::read(self.deliveries_file()).expect("it has written it")
    }

    /// Takes one that has ended back to that.
    pub(crate) fn set_deliveries(&self, old: &[u8]) {
        fs::write(self.deliveries_file(), old).expect("it is there");
    }

    fn deliveries_file(&self) -> PathBuf {
        let consumers = self.store().join("jetstream/$G/streams/TANDEM_TASKS/obs");
        let mut consumers = fs::read_dir(consumers).expect("a stream");
        consumers.next().expect("one").expect("it is there").path().join("o.dat")
    }

    /// Starts it again where it was, on the store that is left.
    pub(crate) fn restart(&mut self) {
        let address = (self.host, i32::from(self.port));
        let (child, _) =
            launch(self.directory.path(), &self.token, address, "").expect("it was there");
        self.child = child;
    }

    /// Takes away what a killed one has left.
    pub(crate) fn lose_store(&self) {
        fs::remove_dir_all(self.store()).expect("a store");
    }

    /// Takes away the objects that a killed one has left.
    pub(crate) fn lose_objects(&self) {
        let objects = self.store().join("jetstream/$G/streams/OBJ_tandem");
        fs::remove_dir_all(objects).expect("a bucket");
    }

    fn store(&self) -> PathBuf {
        self.directory.path().join("store")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian has it where only root looks.
fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    places.map(|place| place.join("nats-server")).find(|program| program.is_file())
}

fn launch(
    directory: &Path,
    token: &str,
    (host, port): (&str, i32),
    more: &str,
) -> Option<(Child, u16)> {
    let (config, store) = (directory.join("server.conf"), directory.join("store"));
    let text = format!(
        "listen: \"{host}:{port}\"\nauthorization {{ token: \"{token}\" }}\njetstream {{ store_dir: {store:?} }}\n{more}"
    );
    fs::write(&config, text).expect("a configuration");
    // It goes with the thread that starts it, whatever ends that.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program()?).arg("-c").arg(&config);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a server");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let mut told = String::new();
    let is_ready = lines.by_ref().map_while(Result::ok).any(|line| {
        told.push_str(&line);
        told.push('\n');
        line.contains("Server is ready")
    });
    assert!(is_ready, "the server has ended: {told}");
    thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    // It says where it listens; the file that `ports_file_dir` gives comes later, and nothing tells when.
    let port = told.split(&format!("client connections on {host}:")).nth(1).expect("an address");
    let port = port.split(|c: char| !c.is_ascii_digit()).next().expect("a number");
    Some((child, port.parse().expect("a port")))
}
